//! Many tokens and one fetch.

use super::*;

#[test]
fn a_thousand_cold_tokens_cause_one_fetch() {
    let mut world = World::new();
    let tokens: Vec<_> = (0..1000).map(|n| world.verify(token(1, &n.to_string())).1).collect();
    world.tasks.run();
    world.pass(60);
    assert_eq!(world.requests(), 1);
    world.answer(&[1]);
    assert_eq!((world.tasks.len(), world.requests()), (0, 1));
    for (n, outcome) in tokens.iter().enumerate() {
        assert_eq!(outcome.take().unwrap().unwrap().principal().id(), n.to_string());
    }
}

#[test]
fn a_token_seen_before_is_good_at_its_first_poll() {
    let mut world = World::warm(&[1]);
    let again = world.verify(token(1, "warm"));
    let polls = world.tasks.polls;
    world.tasks.run();
    assert!(again.1.take().unwrap().is_ok());
    assert_eq!(world.tasks.polls, polls + 1);
}

#[test]
fn whoever_fetches_beside_waits_for_it_where_nothing_goes_on_by_itself() {
    let mut world = World::warm(&[1]);
    world.pass(500_000);
    let (_, owner) = world.verify(token(1, "owner"));
    let (_, other) = world.verify(token(1, "other"));
    world.tasks.run();
    assert_eq!(world.requests(), 2);
    assert!(other.take().unwrap().is_ok(), "the others use the keys that there are");
    assert!(owner.take().is_none());
    world.answer(&[1, 2]);
    assert!(owner.take().unwrap().is_ok());
    assert!(world.verdict(token(2, "new")).is_ok());
}

#[test]
fn what_goes_on_beside_is_handed_to_whoever_keeps_it_alive() {
    use std::sync::{Arc, Mutex};
    let mut world = World::warm(&[1]);
    world.pass(500_000);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let verifier = world.verifier.wait_until(move |work| keep.lock().unwrap().push(work));
    let (_, owner) = world.tasks.add(async move { verifier.verify(&token(1, "owner")).await });
    world.tasks.run();
    assert!(owner.take().unwrap().is_ok(), "nobody waits for it");
    assert_eq!(world.requests(), 1, "it was not polled yet");
    let work = kept.lock().unwrap().pop().unwrap();
    world.tasks.add(work);
    world.tasks.run();
    world.answer(&[1, 2]);
    assert!(world.verdict(token(2, "new")).is_ok());
}

#[test]
fn work_that_its_keeper_drops_holds_nobody() {
    let mut world = World::new();
    let verifier = world.verifier.wait_until(drop);
    let (_, owner) = world.tasks.add(async move { verifier.verify(&token(1, "owner")).await });
    world.tasks.run();
    assert_eq!(owner.take().unwrap().unwrap_err().code(), Code::JwksUnavailable);
    world.pass(5000);
    let (_, other) = world.verify(token(1, "other"));
    world.tasks.run();
    world.answer(&[1]);
    assert!(other.take().unwrap().is_ok());
}

#[test]
fn a_caller_whose_work_is_never_polled_goes_on_with_the_keys_that_another_brought() {
    let mut world = World::new();
    let verifier = world.verifier.wait_until(std::mem::forget);
    let (_, owner) = world.tasks.add(async move { verifier.verify(&token(1, "owner")).await });
    world.tasks.run();
    assert_eq!(world.requests(), 0);
    let (_, other) = world.verify(token(1, "other"));
    world.tasks.run();
    world.pass(3000);
    world.answer(&[1]);
    assert!(other.take().unwrap().is_ok());
    world.pass(1000);
    assert!(owner.take().unwrap().is_ok());
}
