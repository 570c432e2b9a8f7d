//! Named timelines: the first ones are what was measured to go wrong in other libraries.

use arcgate::json;

use super::*;

#[test]
fn twenty_concurrent_cold_callers_cause_one_fetch() {
    let mut world = World::new();
    let fetch = world.must_fetch("1");
    for n in 0..19 {
        world.sleep(0.001);
        match world.ask("1") {
            Decision::Wait { fetch: waited, until } => {
                assert_eq!(waited, fetch);
                assert_eq!(millis(until.since(world.time())), 2000 - n - 1);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.request(fetch).as_deref(), Some(JWKS));
    world.sleep(0.060);
    assert_eq!(world.answer(fetch, &[1]), Progress::Done);
    assert_eq!(world.request(fetch), None);
    for _ in 0..20 {
        assert_eq!(world.must_use("1").1, None);
    }
    assert_eq!(world.requests, 1);
}

#[test]
fn a_waiter_takes_over_when_the_owner_was_cancelled() {
    let mut world = World::new();
    let arrived = world.time();
    let first = world.must_fetch("1");
    // The owner's request ends here: nobody will ever hand in an answer.
    world.sleep(1.999);
    assert!(matches!(world.ask_since("1", arrived), Decision::Wait { .. }));
    world.sleep(0.001);
    let Decision::Fetch(second) = world.ask_since("1", arrived) else { panic!("nobody took over") };
    assert_ne!(first, second);
    for _ in 0..18 {
        let Decision::Wait { fetch, .. } = world.ask_since("1", arrived) else { panic!("a third fetch") };
        assert_eq!(fetch, second);
    }
    world.answer(second, &[1]);
    world.must_use("1");
    assert_eq!(world.requests, 2);
}

#[test]
fn two_cancelled_owners_hold_nobody_for_long() {
    let mut world = World::new();
    let arrived = world.time();
    world.must_fetch("1");
    world.sleep(2.0);
    world.must_fetch("1");
    // A caller who waits as told, again and again, ends.
    let mut waits = 0;
    let decision = loop {
        match world.ask_since("1", arrived) {
            Decision::Wait { until, .. } => {
                assert!(until > world.time());
                world.now = until.as_millis();
            }
            other => break other,
        }
        waits += 1;
        assert!(waits < 5);
    };
    assert!(matches!(decision, Decision::Fetch(_)), "{decision:?}");
    assert!(millis(world.time().since(arrived)) <= 8000);
}

#[test]
fn never_more_than_two_fetches_under_way() {
    let mut world = World::with(CacheConfig { timeout: Span::from_secs(60), ..CacheConfig::default() });
    let mut begun = Vec::new();
    for _ in 0..600 {
        if let Decision::Fetch(_) = world.ask("1") {
            begun.push(world.now);
        }
        world.sleep(0.1);
    }
    assert_eq!(begun.len(), 2, "{begun:?}");
}

#[test]
fn an_owner_that_gives_up_is_followed_at_once() {
    let mut world = World::new();
    let first = world.must_fetch("1");
    world.sleep(0.1);
    world.fail(first, FetchFailure::Abandoned);
    let second = world.must_fetch("1");
    // But not for ever: whoever can make owners give up must not make a storm of it.
    world.fail(second, FetchFailure::Abandoned);
    let (retry_after, _) = world.must_refuse_for("1");
    assert_eq!(retry_after, 5.0);
    world.sleep(5.0);
    world.must_fetch("1");
}

#[test]
fn a_late_answer_counts_unless_something_newer_is_there() {
    let mut world = World::new();
    let first = world.must_fetch("1");
    world.sleep(2.0);
    let second = world.must_fetch("1");
    world.sleep(1.0);
    // Late, but all there is.
    world.answer(first, &[1]);
    world.must_use("1");
    world.sleep(0.5);
    // Newer.
    world.answer(second, &[2]);
    world.must_use("2");

    let mut world = World::new();
    let first = world.must_fetch("1");
    world.sleep(2.0);
    let second = world.must_fetch("1");
    world.answer(second, &[2]);
    world.sleep(1.0);
    world.answer(first, &[1]);
    world.must_use("2");
    assert!(!matches!(world.ask("1"), Decision::Use { .. }), "an older set came back");
    // Nor does an older failure start a pause.
    assert_eq!(world.must_refuse_for("1").0, 4.0);
}

#[test]
fn an_answer_after_minutes_is_as_old_as_its_request() {
    let mut world = World::new();
    let fetch = world.must_fetch("1");
    world.sleep(599.0);
    world.answer(fetch, &[1]);
    world.must_use("1");
    world.sleep(1.0);
    assert!(!matches!(world.ask("1"), Decision::Use { .. }));
}

#[test]
fn ten_unknown_kids_cause_one_fetch() {
    let mut world = World::warm(&[1]);
    world.requests = 0;
    world.sleep(60.0);
    for n in 0..10 {
        match world.ask(&format!("unknown-{n}")) {
            Decision::Fetch(fetch) => {
                world.sleep(0.06);
                world.answer(fetch, &[1]);
                assert_eq!(
                    world.ask_since(&format!("unknown-{n}"), Time::from_millis(world.now as f64 - 60.0)),
                    Decision::NotFound
                );
            }
            Decision::Unavailable { .. } => assert!(n > 0),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.requests, 1);
}

#[test]
fn a_rotated_key_is_accepted_under_a_flood_of_unknown_kids() {
    let mut world = World::warm(&[1]);
    world.sleep(60.0);
    world.requests = 0;
    let start = world.now;
    let rotated_at = start + 12_340;
    let (mut fetch, mut accepted, mut begun) = (None, None, Vec::new());
    // 50 random kids a second for a minute; the provider answers after 60 ms.
    for tick in 0..3000 {
        world.now = start + tick * 20;
        if let Some((id, sent)) = fetch {
            if world.now >= sent + 60 {
                let keys: &[u8] = if sent >= rotated_at { &[1, 2] } else { &[1] };
                world.answer(id, keys);
                fetch = None;
            }
        }
        if let Decision::Fetch(id) = world.ask(&format!("random-{tick}")) {
            begun.push(world.now);
            fetch = Some((id, world.now));
        }
        world.must_use("1");
        if world.now >= rotated_at {
            match world.ask("2") {
                Decision::Use { .. } => {
                    accepted.get_or_insert(world.now);
                }
                Decision::Fetch(id) => {
                    begun.push(world.now);
                    fetch = Some((id, world.now));
                }
                Decision::NotFound => panic!("a rotated key was called unknown"),
                _ => {}
            }
        }
    }
    assert!(begun.windows(2).all(|pair| pair[1] - pair[0] >= 5000), "{begun:?}");
    assert!(begun.len() >= 11, "{begun:?}");
    let accepted = accepted.unwrap() - rotated_at;
    assert!(accepted <= 5000 + 60 + 20, "accepted after {accepted} ms");
}

#[test]
fn an_unknown_kid_is_not_found_only_after_a_fetch_that_began_later() {
    let mut world = World::warm(&[1]);
    // Fetched within this same instant: asked after the token came.
    assert_eq!(world.ask("9"), Decision::NotFound);
    world.sleep(1.0);
    let arrived = world.time();
    let (retry_after, reason) = world.must_refuse_for("9");
    assert_eq!(retry_after, 4.0);
    assert!(reason.contains("a moment ago"), "{reason}");
    world.sleep(4.0);
    let Decision::Fetch(fetch) = world.ask_since("9", arrived) else { panic!() };
    world.sleep(0.5);
    // This one comes while the fetch is under way: what it brings may be older than the token.
    let later = world.time();
    assert!(matches!(world.ask_since("9", later), Decision::Wait { .. }));
    world.sleep(0.5);
    world.answer(fetch, &[1]);
    assert_eq!(world.ask_since("9", arrived), Decision::NotFound);
    assert!(matches!(world.ask_since("9", later), Decision::Unavailable { .. }));
    world.must_use("1");
}

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
fn a_removed_key_stops_at_the_maximum_age() {
    for cache_control in [None, Some("max-age=31536000"), Some("public, max-age=31536000, immutable")] {
        let mut world = World::new();
        let fetch = world.must_fetch("1");
        world.answer_with(fetch, &[1], cache_control);
        let key = world.must_use("1").0;
        world.sleep(599.999);
        assert!(matches!(world.ask("1"), Decision::Use { .. }));
        world.sleep(0.001);
        assert!(!world.cache.is_current(world.time()));
        // The refresh of a moment ago was never answered; nobody uses the key meanwhile.
        world.sleep(2.0);
        let fetch = world.must_fetch("1");
        assert_eq!(world.forgotten(), []);
        let generation = world.cache.generation();
        world.answer(fetch, &[2]);
        assert!(!matches!(world.ask("1"), Decision::Use { .. }));
        assert_eq!(world.forgotten(), [key]);
        assert_eq!(world.forgotten(), []);
        assert_ne!(world.cache.generation(), generation);
        assert!(world.cache.key(key).is_none());
    }
}

#[test]
fn cache_control_shortens_the_age_to_a_minute_at_least() {
    for (cache_control, age) in [("max-age=120", 120.0), ("max-age=1", 60.0), ("no-store", 60.0), ("no-cache", 60.0)] {
        let mut world = World::new();
        let fetch = world.must_fetch("1");
        world.answer_with(fetch, &[1], Some(cache_control));
        world.sleep(age - 0.001);
        world.must_use("1");
        world.sleep(0.001);
        assert!(!matches!(world.ask("1"), Decision::Use { .. }), "{cache_control}");
    }
}

#[test]
fn one_caller_refreshes_before_the_end() {
    let mut world = World::warm(&[1]);
    world.sleep(479.999);
    assert_eq!(world.must_use("1").1, None);
    assert!(world.cache.is_current(world.time()));
    world.sleep(0.001);
    // What was verified before must come through `select`, so that somebody gets the fetch.
    assert!(!world.cache.is_current(world.time()));
    let (key, refresh) = world.must_use("1");
    assert!(world.cache.is_current(world.time()));
    for _ in 0..20 {
        assert_eq!(world.must_use("1"), (key, None));
    }
    let generation = world.cache.generation();
    world.answer(refresh.unwrap(), &[1, 2]);
    // The same key keeps its id, and what was verified with it stays good.
    assert_eq!(world.must_use("1"), (key, None));
    assert_eq!(world.cache.generation(), generation);
    assert_eq!(world.forgotten(), []);
    world.sleep(479.0);
    assert_eq!(world.must_use("1").1, None);
}

#[test]
fn a_lost_refresh_is_begun_again() {
    let mut world = World::warm(&[1]);
    world.sleep(490.0);
    assert!(world.must_use("1").1.is_some());
    world.sleep(5.9);
    assert_eq!(world.must_use("1").1, None);
    world.sleep(0.1);
    assert!(world.must_use("1").1.is_some());
}

#[test]
fn a_second_key_of_the_same_name_ends_what_was_verified() {
    let mut world = World::warm(&[1]);
    let generation = world.cache.generation();
    world.sleep(10.0);
    let fetch = world.must_fetch("2");
    let body = format!(r#"{{"keys":[{},{}]}}"#, jwk(1), named(2, "1"));
    world.respond(fetch, 200, body.as_bytes(), None, None);
    assert_eq!(world.ask("1"), Decision::Ambiguous);
    assert_ne!(world.cache.generation(), generation);
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
fn the_clock_set_back_neither_hangs_nor_storms_nor_rejuvenates() {
    for back in [3.0, 3600.0, 86_400.0, 800_000_000.0] {
        let mut world = World::warm(&[1]);
        world.sleep(590.0);
        world.must_use("1");
        world.sleep(-back);
        world.must_use("1");
        world.sleep(10.0);
        // 600 s have passed, whatever the clock says.
        assert!(!matches!(world.ask("1"), Decision::Use { .. }), "{back}");

        // While somebody fetches.
        let mut world = World::new();
        let arrived = world.time();
        world.must_fetch("1");
        world.sleep(1.0 - back);
        let Decision::Wait { until, .. } = world.ask_since("1", arrived) else { panic!() };
        assert!(millis(until.since(world.time())) <= 2000, "{back}");
        world.sleep(2.0);
        let fetch = world.must_fetch("1");
        world.answer(fetch, &[1]);
        world.must_use("1");

        // In the cooldown: an unknown kid that came before is answered in the end.
        world.sleep(0.5);
        world.must_use("1");
        let arrived = world.time();
        world.sleep(1.0 - back);
        assert!(matches!(world.ask_since("9", arrived), Decision::Unavailable { .. }));
        world.sleep(5.0);
        let Decision::Fetch(fetch) = world.ask_since("9", arrived) else { panic!() };
        world.answer(fetch, &[1]);
        assert_eq!(world.ask_since("9", arrived), Decision::NotFound);
    }
}

#[test]
fn the_clock_set_forward_costs_one_fetch() {
    for forward in [3600.0, 86_400.0] {
        let mut world = World::warm(&[1]);
        world.requests = 0;
        world.sleep(forward);
        let fetch = world.must_fetch("1");
        assert!(matches!(world.ask("1"), Decision::Wait { .. }));
        world.answer(fetch, &[1]);
        world.sleep(-forward);
        for _ in 0..400 {
            world.sleep(1.0);
            world.must_use("1");
        }
        assert_eq!(world.requests, 1);
    }
}

#[test]
fn a_clock_that_jumps_to_and_fro_does_not_storm() {
    let mut world = World::warm(&[1]);
    world.requests = 0;
    for turn in 0..1000 {
        // Two callers, one of whom reads the clock a second late.
        world.sleep(if turn % 2 == 0 { 1.0 } else { -1.0 });
        if let Decision::Fetch(fetch) = world.ask("9") {
            world.answer(fetch, &[1]);
        }
    }
    assert_eq!(world.requests, 0);
}

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
fn a_key_that_webcrypto_refused_is_not_used_again() {
    let mut world = World::warm(&[1, 2]);
    let key = world.must_use("1").0;
    world.cache.handle_import_failed(key, ED);
    world.sleep(10.0);
    let fetch = world.must_fetch("1");
    world.answer(fetch, &[1, 2]);
    assert_eq!(world.ask("1"), Decision::NotFound);
    world.must_use("2");
}

#[test]
fn fixed_keys_never_cause_a_fetch() {
    use arcgate::jose::jwks::Jwks;
    let jwks = Jwks::parse(format!(r#"{{"keys":[{}]}}"#, jwk(1)).as_bytes(), &mut KeyIds::default()).unwrap();
    let mut world = World::of(JwksCache::fixed(jwks));
    for _ in 0..10 {
        assert_eq!(world.must_use("1").1, None);
        assert_eq!(world.ask("2"), Decision::NotFound);
        assert!(world.cache.is_current(world.time()));
        world.sleep(86_400.0);
    }
    assert_eq!(world.cache.snapshot(), None);
    assert_eq!(world.requests, 0);
}

fn import(world: &mut World, snapshot: &str) -> Result<bool, arcgate::error::Error> {
    let now = world.time();
    world.cache.handle_snapshot(&json::parse_object(snapshot.as_bytes()).unwrap(), &mut world.ids, now)
}

#[test]
fn a_snapshot_spares_a_fetch_and_keeps_its_age() {
    let mut old = World::warm(&[1]);
    old.sleep(300.0);
    let snapshot = old.cache.snapshot().unwrap();
    let mut world = World::new();
    world.now = old.now;
    assert!(import(&mut world, &snapshot).unwrap());
    assert_eq!(world.must_use("1").1, None);
    assert_eq!(world.cache.snapshot().unwrap(), snapshot);
    // An unknown kid is not unknown because somebody else asked once.
    assert!(matches!(world.ask("2"), Decision::Fetch(_)));
    world.sleep(300.0);
    assert!(!matches!(world.ask("1"), Decision::Use { .. }));
}

#[test]
fn a_snapshot_never_replaces_newer_keys_or_outlives_its_age() {
    let old = World::warm(&[1]);
    let snapshot = old.cache.snapshot().unwrap();
    let mut world = World::new();
    world.sleep(10.0);
    world.fetch_keys(&[2]);
    assert!(!import(&mut world, &snapshot).unwrap());
    world.must_use("2");
    let mut world = World::new();
    world.sleep(600.0 + 3600.0);
    assert!(!import(&mut world, &snapshot).unwrap());
    // Beyond its age, but of use in an outage.
    let mut world = World::new();
    world.sleep(1000.0);
    assert!(import(&mut world, &snapshot).unwrap());
    let fetch = world.must_fetch("1");
    world.fail(fetch, FetchFailure::Network);
    world.must_use("1");
}

#[test]
fn a_snapshot_is_believed_neither_about_the_future_nor_about_keys() {
    let of = |fetched: f64, expires: f64, keys: &str| {
        format!(r#"{{"issuer":"{ISSUER}","jwks":{{"keys":[{keys}]}},"fetchedAt":{fetched},"expiresAt":{expires}}}"#)
    };
    let now = 1_800_000_000.0;
    let mut world = World::new();
    assert!(import(&mut world, &of(now + 1e6, now + 9e9, &jwk(1))).unwrap());
    world.must_use("1");
    let fetch = world.must_fetch("2");
    world.fail(fetch, FetchFailure::Abandoned);
    world.sleep(600.0);
    assert!(!matches!(world.ask("1"), Decision::Use { .. }));
    for snapshot in [
        "{}".to_owned(),
        of(now, now, r#"{"kty":"oct","k":"AAAA"}"#),
        of(now, now, ""),
        of(-1.0, now, &jwk(1)),
        of(now * 1000.0, now, &jwk(1)),
        of(now, now, &jwk(1)).replace(ISSUER, "https://evil.example"),
        of(now, now, &jwk(1)).replace("fetchedAt", "fetched_at"),
    ] {
        let error = import(&mut World::new(), &snapshot).unwrap_err();
        assert_eq!(error.code(), arcgate::error::Code::Config, "{snapshot}");
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

#[test]
fn a_fetch_that_began_before_a_snapshot_was_made_changes_nothing() {
    let mut other = World::new();
    other.sleep(1.0);
    other.fetch_keys(&[2]);
    let snapshot = other.cache.snapshot().unwrap();
    for has_failed in [false, true] {
        let mut world = World::new();
        let fetch = world.must_fetch("2");
        world.sleep(1.5);
        assert!(import(&mut world, &snapshot).unwrap());
        if has_failed {
            world.fail(fetch, FetchFailure::Network);
        } else {
            world.answer(fetch, &[1]);
        }
        world.must_use("2");
        // The cooldown of that fetch, and no pause.
        world.sleep(3.5);
        assert!(matches!(world.ask("9"), Decision::Fetch(_)));
    }
}
