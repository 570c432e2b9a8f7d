//! The provider is out of reach, or answers with what is none.

use std::time::Duration;

use arcgate::Code;

use super::*;

/// What a provider's pause is after this `Retry-After`.
async fn pauses(retry_after: &str, pause: f64) {
    let line = Line::new([with_header(status(503), "Retry-After", retry_after)]);
    line.unavailable(token("1", 0), pause).await;
    line.world.answers([set(&["1"])]);
    line.world.sleep(pause - 0.1);
    line.unavailable(token("1", 0), 0.1).await;
    assert_eq!(line.world.requests(), 1);
    line.world.sleep(0.1);
    line.accepts(token("1", 0)).await;
}

/// An answer that is none: known keys stay, unknown ones are not called unknown.
async fn is_none(answer: Answer) {
    let line = Line::warm(&["1"]).await;
    line.world.sleep(10.0);
    line.world.answers([answer]);
    line.unavailable(token("2", 0), 5.0).await;
    line.accepts(token("1", 0)).await;
    assert_eq!(line.world.requests(), 1);
}

crate::tests! {
    async fn a_provider_that_answers_503_is_asked_once_a_pause() {
        let line = Line::new([status(503)]);
        line.unavailable(token("1", 0), 5.0).await;
        for n in 0..40 {
            line.world.sleep(0.1);
            line.refuses(token("1", n), Code::JwksUnavailable).await;
        }
        assert_eq!(line.world.requests(), 1);
        line.world.sleep(1.0);
        line.refuses(token("1", 0), Code::JwksUnavailable).await;
        assert_eq!(line.world.requests(), 1);
    }

    async fn an_outage_is_the_providers_fault_and_worth_a_retry() {
        let error = Line::new([status(503)]).unavailable(token("1", 0), 5.0).await;
        assert!(error.is_retryable());
        assert_eq!(error.fault(), arcgate::Fault::Provider);
    }

    async fn retry_after_of_30_is_kept() { pauses("30", 30.0).await }

    async fn retry_after_of_0_is_the_least_pause() { pauses("0", 5.0).await }

    async fn retry_after_of_a_day_is_five_minutes() { pauses("86400", 300.0).await }

    async fn retry_after_in_words_is_passed_over() { pauses("soon", 5.0).await }

    async fn known_keys_survive_an_outage_of_an_hour() {
        let line = Line::warm(&["1"]).await;
        line.world.answers([Answer::Fails(Failure::Network)]);
        let mut refused_at = None;
        for minute in 1..=75 {
            line.world.sleep(60.0);
            match line.verify(token("1", minute % 40)).await {
                Ok(_) => assert_eq!(refused_at, None),
                Err(error) => {
                    assert_eq!(error.code(), Code::JwksUnavailable);
                    refused_at.get_or_insert(minute);
                }
            }
        }
        assert_eq!(refused_at, Some(70));
        line.world.answers([set(&["1"])]);
        line.world.sleep(300.0);
        line.accepts(token("1", 0)).await;
    }

    async fn no_outage_is_survived_where_the_program_says_so() {
        let line = Line::with(JwksCache::new().stale_if_error(Duration::ZERO), [set(&["1"]), status(500)]);
        line.accepts(token("1", 0)).await;
        line.world.sleep(599.0);
        line.accepts(token("1", 1)).await;
        line.world.sleep(1.0);
        line.refuses(token("1", 0), Code::JwksUnavailable).await;
    }

    async fn an_expired_set_is_not_used_because_of_an_old_failure() {
        let line = Line::warm(&["1"]).await;
        line.world.sleep(500.0);
        line.world.answers([Answer::Fails(Failure::Network)]);
        line.accepts(token("1", 0)).await;
        // Hours later the provider has long removed the key, and is well.
        line.world.sleep(2400.0);
        line.world.answers([set(&["2"])]);
        line.refuses(token("1", 1), Code::KeyNotFound).await;
    }

    async fn nothing_is_no_set() { is_none(Answer::ok("")).await }

    async fn a_page_is_no_set() { is_none(Answer::ok("<html>")).await }

    async fn an_object_is_no_set() { is_none(Answer::ok("{}")).await }

    async fn an_empty_set_is_none() { is_none(Answer::ok(r#"{"keys":[]}"#)).await }

    async fn a_set_of_secrets_is_none() { is_none(Answer::ok(r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#)).await }

    async fn other_statuses_bring_no_set() {
        for status in [204, 206, 301, 304, 401, 404, 500] {
            is_none(Answer::Is(Response::new(status, body(&["2"])))).await;
        }
    }

    async fn no_failure_of_a_fetch_brings_a_set() {
        for failure in FAILURES {
            is_none(Answer::Fails(failure)).await;
        }
    }

    async fn a_set_of_more_than_256_kb_is_none() {
        let padded = |length: usize| format!(r#"{{"keys":[{}],"x":"{}"}}"#, table()["keys"]["2"], "x".repeat(length));
        is_none(Answer::ok(padded(256 * 1024))).await;
    }

    async fn a_provider_that_does_not_answer_is_given_up() {
        let line = Line::with(JwksCache::new().timeout(Duration::from_millis(200)), [Answer::Hangs]);
        line.world.run_on();
        let error = line.refuses(token("1", 0), Code::JwksUnavailable).await;
        assert!(error.is_retryable());
        assert_eq!(line.world.requests(), 1);
    }
}
