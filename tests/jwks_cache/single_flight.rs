//! Who fetches and who waits; the first of these are what was measured to go wrong in other libraries.

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
