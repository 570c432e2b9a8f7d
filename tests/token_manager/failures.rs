//! Providers that say no, or nothing.

use std::time::Duration;

use arcgate::{
    fetch::{Failure, Response},
    tokens::{Event, State},
    Code, TokenManager,
};

use super::world::{machine, person, Call, Reply, World};

#[test]
fn a_refresh_token_that_counts_no_more_is_told_for_good() {
    let world = World::default();
    let manager = TokenManager::new(person(), world.spawning()).unwrap();
    world.answer(Response::new(400, r#"{"error":"invalid_grant","error_description":"r0 is no more"}"#));
    let error = world.end(manager.token()).unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::RefreshRejected, Some("invalid_grant")));
    assert!(!error.code().is_retryable() && !error.message().contains("r0"));
    world.pass(100);
    assert_eq!(world.end(manager.token()).unwrap_err().code(), Code::RefreshRejected);
    assert_eq!(world.asked(), 1);
    let events = world.events();
    assert!(matches!(&events[..], [Event::Failed { retry_at: None, .. }]), "{events:?}");
    // Another one is handed in.
    world.end(manager.set_token("t")).unwrap();
    assert_eq!(world.end(manager.token()).unwrap(), "t");
}

#[test]
fn a_provider_that_asks_for_patience_gets_it() {
    let world = World::default();
    let manager = world.machine();
    world.answer(Response::new(503, "").with_header("Retry-After", "30"));
    let error = world.end(manager.token()).unwrap_err();
    assert_eq!(error.code(), Code::RefreshUnavailable);
    assert_eq!(error.retry_delay().unwrap().as_millis(), 30_000);
    assert_eq!(manager.state(), State::Failed);
    world.pass(29);
    assert_eq!(world.end(manager.token()).unwrap_err().code(), Code::RefreshUnavailable);
    assert_eq!(world.asked(), 1);
    world.pass(2);
    assert_eq!(world.end(manager.token()).unwrap(), "a2");
}

#[test]
fn why_there_was_no_answer_is_told() {
    for (failure, told) in [
        (Failure::Network, "could not be reached"),
        (Failure::Timeout, "time"),
        (Failure::Redirect, "redirect"),
        (Failure::TooLarge, "more than"),
    ] {
        let world = World::default();
        world.reply(Reply::Fails(failure));
        let error = world.end(world.machine().token()).unwrap_err();
        assert_eq!(error.code(), Code::RefreshUnavailable);
        println!("{error} ({told})");
    }
}

#[test]
fn a_fetch_of_the_users_is_bounded_all_the_same() {
    let world = World::default();
    let options = world.spawning().timeout(Duration::from_secs(3));
    let manager = TokenManager::new(machine(), options).unwrap();
    world.reply(Reply::Holds);
    let mut call = Call::new(manager.token());
    assert!(world.poll(&mut call).is_none());
    world.pass(2);
    assert!(world.poll(&mut call).is_none());
    world.pass(1);
    let error = world.poll(&mut call).unwrap().unwrap_err();
    assert_eq!(error.code(), Code::RefreshUnavailable);
}

#[test]
fn a_delicate_request_is_waited_for_no_longer_and_its_answer_counts_later() {
    let world = World::default();
    let manager = TokenManager::new(person(), world.spawning()).unwrap();
    world.reply(Reply::Holds);
    let mut call = Call::new(manager.token());
    assert!(world.poll(&mut call).is_none());
    world.pass(11);
    let error = world.poll(&mut call).unwrap().unwrap_err();
    assert!(error.message().contains("has not answered yet"), "{error}");
    world.release(Response::new(200, r#"{"access_token":"a","refresh_token":"r1","expires_in":3600}"#));
    assert_eq!(world.end(manager.token()).unwrap(), "a");
    assert_eq!(world.asked(), 1);
}

#[test]
fn while_the_old_token_lasts_nobody_hears_of_a_failure() {
    let world = World::default();
    let manager = world.machine();
    world.end(manager.token()).unwrap();
    world.reply(Reply::Fails(Failure::Network));
    world.sleep_for(3590);
    assert_eq!(world.end(manager.token()).unwrap(), "a1");
    world.run();
    assert_eq!(world.asked(), 2);
    assert_eq!(world.end(manager.token()).unwrap(), "a1");
}
