//! The metadata says where the keys are.

use super::*;

#[test]
fn discovery_comes_first_and_is_remembered() {
    let mut world = World::discovering();
    let fetch = world.must_fetch("1");
    assert_eq!(world.request(fetch).as_deref(), Some("https://issuer.example/.well-known/openid-configuration"));
    let document = br#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#;
    world.sleep(1.9);
    assert_eq!(world.respond(fetch, 200, document, None, None), Progress::Next);
    assert_eq!(world.request(fetch).as_deref(), Some("https://keys.example/jwks"));
    // The owner has just shown that it lives: nobody takes over yet.
    world.sleep(1.0);
    assert!(matches!(world.ask("1"), Decision::Wait { .. }));
    assert_eq!(world.answer(fetch, &[1]), Progress::Done);
    world.must_use("1");
    world.sleep(700.0);
    let fetch = world.must_fetch("1");
    assert_eq!(world.request(fetch).as_deref(), Some("https://keys.example/jwks"));
    // The keys have moved: asked anew after the pause.
    world.respond(fetch, 404, b"", None, None);
    world.sleep(5.0);
    let (_, fetch) = world.must_use("1");
    let fetch = fetch.unwrap();
    assert_eq!(world.request(fetch).as_deref(), Some("https://issuer.example/.well-known/openid-configuration"));
    // When that can't be had, the old place is tried again.
    assert_eq!(world.respond(fetch, 503, b"", None, None), Progress::Next);
    assert_eq!(world.request(fetch).as_deref(), Some("https://keys.example/jwks"));
    assert_eq!(world.answer(fetch, &[2]), Progress::Done);
    world.must_use("2");
    // And a day later it is looked up again in any case.
    world.sleep(86_400.0);
    let fetch = world.must_fetch("2");
    assert_eq!(world.request(fetch).as_deref(), Some("https://issuer.example/.well-known/openid-configuration"));
}

#[test]
fn discovery_of_another_issuer_is_a_failure_that_names_both() {
    let mut world = World::discovering();
    let fetch = world.must_fetch("1");
    let document = br#"{"issuer":"https://evil.example","jwks_uri":"https://evil.example/jwks"}"#;
    assert_eq!(world.respond(fetch, 200, document, None, None), Progress::Next);
    assert_eq!(world.request(fetch).as_deref(), Some(OAUTH));
    assert_eq!(world.respond(fetch, 404, b"", None, None), Progress::Done);
    let (retry_after, reason) = world.must_refuse_for("1");
    assert_eq!(retry_after, 5.0);
    for part in ["\"https://evil.example\"", "\"https://issuer.example\"", "`issuer`", "`jwksUri`", OAUTH, "status 404"]
    {
        assert!(reason.contains(part), "{reason}");
    }
}

const OAUTH: &str = "https://issuer.example/.well-known/oauth-authorization-server";

#[test]
fn whatever_fails_at_openids_address_goes_on_to_rfc_8414s() {
    let document = br#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#;
    let failures: [(u16, &[u8]); 7] = [
        (200, b"<!doctype html>"),
        (200, b"{}"),
        (200, br#"{"issuer":"https://issuer.example"}"#),
        (204, b""),
        (404, b""),
        (429, b""),
        (503, b""),
    ];
    let mut worlds = Vec::new();
    for (status, body) in failures {
        let mut world = World::discovering();
        let fetch = world.must_fetch("1");
        assert_eq!(world.respond(fetch, status, body, None, None), Progress::Next, "{status}");
        worlds.push((world, fetch));
    }
    for failure in [FetchFailure::Timeout, FetchFailure::Network, FetchFailure::TooLarge, FetchFailure::Redirect] {
        let mut world = World::discovering();
        let fetch = world.must_fetch("1");
        assert_eq!(world.fail(fetch, failure), Progress::Next, "{failure:?}");
        worlds.push((world, fetch));
    }
    for (mut world, fetch) in worlds {
        assert_eq!(world.request(fetch).as_deref(), Some(OAUTH));
        assert_eq!(world.respond(fetch, 200, document, None, None), Progress::Next);
        assert_eq!(world.request(fetch).as_deref(), Some("https://keys.example/jwks"));
        assert_eq!(world.answer(fetch, &[1]), Progress::Done);
        world.must_use("1");
    }
}

#[test]
fn who_gives_up_at_openids_address_is_not_the_provider() {
    let mut world = World::discovering();
    let fetch = world.must_fetch("1");
    assert_eq!(world.fail(fetch, FetchFailure::Abandoned), Progress::Done);
    assert_eq!(world.request(fetch), None);
}

#[test]
fn of_two_places_that_fail_both_are_told_and_the_longer_pause_counts() {
    let mut world = World::discovering();
    let fetch = world.must_fetch("1");
    world.respond(fetch, 429, b"", None, Some("200"));
    assert_eq!(world.fail(fetch, FetchFailure::Network), Progress::Done);
    let (retry_after, reason) = world.must_refuse_for("1");
    assert_eq!(retry_after, 200.0);
    let openid = "https://issuer.example/.well-known/openid-configuration: answered with the status 429; ";
    assert_eq!(reason, format!("{openid}{OAUTH}: can't be reached"));
}

#[test]
fn a_document_with_an_address_of_its_own_is_asked_for_there_alone() {
    let place = Place::Document("https://b2c.example/policy/metadata".into());
    let mut world = World::of(JwksCache::at(place, Issuer::exactly(ISSUER), CacheConfig::default()));
    let fetch = world.must_fetch("1");
    assert_eq!(world.request(fetch).as_deref(), Some("https://b2c.example/policy/metadata"));
    let document = br#"{"issuer":"https://evil.example","jwks_uri":"https://evil.example/jwks"}"#;
    assert_eq!(world.respond(fetch, 200, document, None, None), Progress::Done);
    assert!(world.must_refuse_for("1").1.contains("\"https://evil.example\""));
    world.sleep(5.0);
    let fetch = world.must_fetch("1");
    let document = br#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#;
    assert_eq!(world.respond(fetch, 200, document, None, None), Progress::Next);
    assert_eq!(world.answer(fetch, &[1]), Progress::Done);
    world.must_use("1");
}

#[test]
fn the_pause_counts_from_the_last_request_of_a_fetch() {
    let mut world = World::discovering();
    let fetch = world.must_fetch("1");
    let document = br#"{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks"}"#;
    world.sleep(1.9);
    assert_eq!(world.respond(fetch, 200, document, None, None), Progress::Next);
    assert_eq!(world.answer(fetch, &[1]), Progress::Done);
    world.sleep(4.9);
    assert!(!matches!(world.ask("2"), Decision::Fetch(_)), "the provider was asked 4.9 s ago");
    world.sleep(0.1);
    world.must_fetch("2");
}
