//! A provider that fails.

use super::*;

#[test]
fn a_provider_that_answers_503_is_asked_once_a_pause() {
    for is_warm in [false, true] {
        let mut world = if is_warm { World::warm(&[1]) } else { World::new() };
        world.sleep(if is_warm { 4000.0 } else { 0.0 });
        world.requests = 0;
        let mut begun = Vec::new();
        for _ in 0..3000 {
            if let Decision::Fetch(fetch) = world.ask("2") {
                begun.push(world.now);
                world.respond(fetch, 503, b"", None, None);
                let (_, reason) = world.must_refuse_for("2");
                assert!(reason.contains(JWKS) && reason.contains("503"), "{reason}");
            }
            world.sleep(0.1);
        }
        let pauses: Vec<_> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(pauses, [5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000], "{is_warm}");
        // A success ends it.
        world.sleep(60.0);
        world.fetch_keys(&[2]);
        world.must_use("2");
        world.sleep(5.0);
        let fetch = world.must_fetch("3");
        world.fail(fetch, FetchFailure::Network);
        assert_eq!(world.must_refuse_for("3").0, 5.0);
    }
}

#[test]
fn ten_cold_callers_of_a_failing_provider_cause_one_fetch() {
    let mut world = World::new();
    let fetch = world.must_fetch("1");
    for _ in 0..9 {
        assert!(matches!(world.ask("1"), Decision::Wait { .. }));
    }
    world.respond(fetch, 503, b"", None, None);
    for _ in 0..10 {
        assert_eq!(world.must_refuse_for("1").0, 5.0);
    }
    assert_eq!(world.requests, 1);
}

#[test]
fn retry_after_is_honoured_within_limits() {
    for (asked, pause) in [("30", 30.0), ("1", 5.0), ("0", 5.0), ("86400", 300.0), ("soon", 5.0)] {
        let mut world = World::new();
        let fetch = world.must_fetch("1");
        world.respond(fetch, 429, b"", None, Some(asked));
        assert_eq!(world.must_refuse_for("1").0, pause, "{asked}");
        world.sleep(pause);
        world.must_fetch("1");
    }
}

/// Plays a provider that fails whenever it is asked.
fn fail_at_each_fetch(world: &mut World, kid: &str) -> Decision {
    let decision = world.ask(kid);
    match decision {
        Decision::Fetch(fetch) | Decision::Use { refresh: Some(fetch), .. } => {
            world.fail(fetch, FetchFailure::Timeout);
            world.ask(kid)
        }
        other => other,
    }
}

#[test]
fn known_keys_survive_an_outage_for_a_bounded_time() {
    let mut world = World::warm(&[1]);
    let start = world.now;
    let (mut last_used, mut first_refused) = (0, 0);
    while world.now < start + 5_000_000 {
        match fail_at_each_fetch(&mut world, "1") {
            Decision::Use { .. } => {
                assert_eq!(first_refused, 0, "used again after it had ended");
                last_used = world.now - start;
            }
            Decision::Unavailable { reason, .. } => {
                assert!(reason.contains("did not answer in time"), "{reason}");
                if first_refused == 0 {
                    first_refused = world.now - start;
                }
            }
            other => panic!("{other:?}"),
        }
        world.sleep(1.0);
    }
    // 10 minutes of age and an hour of outage.
    assert_eq!((last_used, first_refused), (4_199_000, 4_200_000));
    world.sleep(60.0);
    world.fetch_keys(&[1]);
    world.must_use("1");
}

#[test]
fn stale_if_error_of_zero_means_none() {
    let mut world = World::with(CacheConfig { stale_if_error: Span::ZERO, ..CacheConfig::default() });
    world.fetch_keys(&[1]);
    world.sleep(599.0);
    assert!(matches!(fail_at_each_fetch(&mut world, "1"), Decision::Use { .. }));
    world.sleep(1.0);
    assert!(matches!(fail_at_each_fetch(&mut world, "1"), Decision::Unavailable { .. }));
}

#[test]
fn an_expired_set_is_not_used_because_of_an_old_failure() {
    let mut world = World::warm(&[1]);
    world.sleep(500.0);
    let (_, refresh) = world.must_use("1");
    world.fail(refresh.unwrap(), FetchFailure::Network);
    world.sleep(3.0);
    world.must_use("1");
    // Hours later the provider has long removed the key, and is well.
    world.sleep(2400.0);
    let fetch = world.must_fetch("1");
    world.answer(fetch, &[2]);
    assert_eq!(world.ask("1"), Decision::NotFound);
}

#[test]
fn two_hundred_without_keys_is_a_failure_and_the_old_keys_stay() {
    for body in ["", "<html>", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#, "[]"] {
        let mut world = World::warm(&[1]);
        world.sleep(10.0);
        let fetch = world.must_fetch("2");
        world.respond(fetch, 200, body.as_bytes(), None, None);
        world.must_use("1");
        let (retry_after, reason) = world.must_refuse_for("2");
        assert_eq!(retry_after, 5.0);
        assert!(reason.contains("key set"), "{body} {reason}");
    }
    for status in [204, 206, 301, 304, 401, 404, 500] {
        let mut world = World::warm(&[1]);
        world.sleep(10.0);
        let fetch = world.must_fetch("2");
        let body = format!(r#"{{"keys":[{}]}}"#, jwk(2));
        world.respond(fetch, status, body.as_bytes(), None, None);
        assert!(world.must_refuse_for("2").1.contains(&status.to_string()));
    }
}

#[test]
fn a_success_ends_the_pause_that_an_earlier_fetch_began() {
    let mut world = World::new();
    let first = world.must_fetch("1");
    world.sleep(2.0);
    let second = world.must_fetch("1");
    world.respond(first, 503, b"", None, Some("300"));
    world.answer_with(second, &[1], Some("max-age=60"));
    world.sleep(5.0);
    let fetch = world.must_fetch("2");
    world.fail(fetch, FetchFailure::Abandoned);
    world.must_use("1");
    // Nor does the provider count as failing when its keys' age is over.
    world.sleep(55.0);
    assert!(matches!(world.ask("1"), Decision::Fetch(_)));
}
