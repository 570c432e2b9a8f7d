//! The metadata says where the keys are.

use arcgate::Code;

use super::*;

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

fn document(place: &str) -> Answer {
    Answer::ok(format!(r#"{{"issuer":"{0}","jwks_uri":"{0}/{place}"}}"#, issuer()))
}

/// This at OpenID's address leads to RFC 8414's.
async fn goes_on(answer: Answer) {
    let line = Line::discovering([answer, document("jwks"), set(&["1"])]);
    line.accepts(token("1", 0)).await;
    assert_eq!(line.asked(), [OPENID, OAUTH, "/jwks"]);
}

crate::tests! {
    async fn it_comes_first_and_is_remembered_for_a_day() {
        let line = Line::discovering([document("jwks"), set(&["1"])]);
        line.accepts(token("1", 0)).await;
        assert_eq!(line.asked(), [OPENID, "/jwks"]);
        line.world.sleep(700.0);
        line.accepts(token("1", 1)).await;
        assert_eq!(line.asked(), ["/jwks"]);
        line.world.answers([document("elsewhere"), set(&["2"])]);
        line.world.sleep(86_400.0);
        line.accepts(token("2", 0)).await;
        assert_eq!(line.asked(), [OPENID, "/elsewhere"]);
    }

    async fn keys_that_have_moved_are_looked_for_anew() {
        let line = Line::discovering([document("jwks"), set(&["1"]), status(404)]);
        line.accepts(token("1", 0)).await;
        line.world.requests();
        line.world.sleep(700.0);
        // Beyond its age, and the provider's fault: the old key serves on.
        line.accepts(token("1", 1)).await;
        assert_eq!(line.asked(), ["/jwks"]);
        line.world.answers([document("moved"), set(&["2"])]);
        line.world.sleep(5.0);
        line.accepts(token("2", 0)).await;
        assert_eq!(line.asked(), [OPENID, "/moved"]);
    }

    async fn where_it_fails_keys_are_fetched_from_where_they_were() {
        let line = Line::discovering([document("jwks"), set(&["1"])]);
        line.accepts(token("1", 0)).await;
        line.world.requests();
        line.world.answers([status(503), set(&["2"])]);
        line.world.sleep(90_000.0);
        line.accepts(token("2", 0)).await;
        assert_eq!(line.asked(), [OPENID, "/jwks"]);
    }

    async fn another_issuers_document_leads_nowhere_and_both_are_named() {
        let foreign = r#"{"issuer":"https://evil.example","jwks_uri":"https://evil.example/jwks"}"#;
        let line = Line::discovering([Answer::ok(foreign), status(404)]);
        let error = line.unavailable(token("1", 0), 5.0).await;
        for part in ["\"https://evil.example\"", "\"https://one.example\""] {
            assert!(error.message().contains(part), "{error}");
        }
        assert_eq!(line.asked(), [OPENID, OAUTH]);
    }

    async fn twenty_cold_callers_cause_one_discovery() {
        use crate::executor::{all, Task};
        let line = Line::discovering([document("jwks"), set(&["1"])]);
        let results = all((0..20).map(|n| Box::pin(line.verify(token("1", n))) as Task<'_, _>).collect()).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert_eq!(line.asked(), [OPENID, "/jwks"]);
    }

    async fn a_document_with_an_address_of_its_own_is_asked_for_there_alone() {
        let place = "https://b2c.example/policy/metadata";
        let foreign = r#"{"issuer":"https://evil.example","jwks_uri":"https://evil.example/jwks"}"#;
        let line = Line::of(Provider::discovery_at(issuer(), place), JwksCache::new(), [Answer::ok(foreign)]);
        line.unavailable(token("1", 0), 5.0).await;
        assert_eq!(line.asked(), [place]);
        line.world.answers([document("jwks"), set(&["1"])]);
        line.world.sleep(5.0);
        line.accepts(token("1", 0)).await;
        assert_eq!(line.asked(), [place, "/jwks"]);
    }

    async fn of_two_places_that_fail_the_longer_pause_counts() {
        let line = Line::discovering([with_header(status(429), "Retry-After", "200"), Answer::Fails(Failure::Network)]);
        let error = line.unavailable(token("1", 0), 200.0).await;
        assert!(error.message().contains("status 429") && error.message().contains("can't be reached"), "{error}");
    }

    async fn a_page_goes_on_to_rfc_8414() { goes_on(Answer::ok("<!doctype html>")).await }

    async fn an_empty_object_goes_on_to_rfc_8414() { goes_on(Answer::ok("{}")).await }

    async fn a_document_without_keys_goes_on_to_rfc_8414() {
        goes_on(Answer::ok(format!(r#"{{"issuer":"{}"}}"#, issuer()))).await;
    }

    async fn other_statuses_go_on_to_rfc_8414() {
        for status in [204, 404, 429, 503] {
            goes_on(super::status(status)).await;
        }
    }

    async fn each_failure_goes_on_to_rfc_8414() {
        for failure in FAILURES {
            goes_on(Answer::Fails(failure)).await;
        }
    }

    async fn an_unknown_kid_asks_for_the_keys_alone() {
        let line = Line::discovering([document("jwks"), set(&["1"])]);
        line.accepts(token("1", 0)).await;
        line.world.requests();
        line.world.sleep(60.0);
        line.refuses(unknown(0), Code::KeyNotFound).await;
        assert_eq!(line.asked(), ["/jwks"]);
    }
}
