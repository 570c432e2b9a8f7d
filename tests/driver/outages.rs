//! A provider that fails.

use std::time::Duration;

use arcgate::fetch::{Failure, Response};

use super::*;

#[test]
fn all_who_wait_hear_of_a_failure_and_when_to_come_back() {
    let mut world = World::new();
    let outcomes: Vec<_> = (0..10).map(|n| world.verify(token(1, &n.to_string())).1).collect();
    world.tasks.run();
    world.respond(Ok(Response::new(503, "").with_header("Retry-After", "30")));
    for outcome in outcomes {
        let error = outcome.take().unwrap().unwrap_err();
        assert_eq!(error.code(), Code::JwksUnavailable);
        assert_eq!(error.retry_delay().map(|span| span.as_millis()), Some(30_000));
    }
    assert_eq!(world.requests(), 1);
    assert_eq!(world.verdict(token(1, "soon")).unwrap_err().code(), Code::JwksUnavailable);
    assert_eq!(world.requests(), 1, "the pause is kept");
}

#[test]
fn known_keys_are_used_for_an_hour_of_outage_and_no_longer() {
    let mut world = World::warm(&[1]);
    let mut last_good = 0;
    for minute in 1..=90 {
        world.pass(60_000);
        let (_, outcome) = world.verify(token(1, &minute.to_string()));
        let requests = world.requests();
        world.tasks.run();
        if world.requests() > requests {
            world.respond(Err(Failure::Network));
        }
        match outcome.take().unwrap() {
            Ok(_) => last_good = minute,
            Err(error) => assert_eq!(error.code(), Code::JwksUnavailable),
        }
    }
    assert_eq!(last_good, 69);
}

#[test]
fn a_provider_that_never_answers_holds_a_caller_for_its_time_out() {
    let mut world = World::new();
    let (_, outcome) = world.verify(token(1, "a"));
    world.tasks.run();
    world.pass(4999);
    assert!(outcome.take().is_none());
    world.pass(1);
    let error = outcome.take().unwrap().unwrap_err();
    assert!(error.message().contains("did not answer in time"), "{}", error.message());
    assert_eq!(world.broken_off(), 1);
}

#[test]
fn bounds_are_kept_for_a_fetch_that_does_not_look_at_them() {
    for (answer, said) in [
        (Response::new(302, ""), "redirect"),
        (Response::new(200, vec![b' '; 1 << 20]), "more than is read"),
        (Response::new(200, "[]"), "the key set"),
    ] {
        let mut world = World::new();
        let (_, outcome) = world.verify(token(1, "a"));
        world.tasks.run();
        world.respond(Ok(answer));
        let error = outcome.take().unwrap().unwrap_err();
        assert!(error.message().contains(said), "{}", error.message());
    }
}

#[test]
fn without_a_fetch_it_is_the_configuration_that_is_wrong() {
    let provider = arcgate::Provider::discovery(super::world::ISSUER).audience("me");
    let verifier = arcgate::JwtVerifier::builder()
        .provider("a", provider)
        .clock(|| arcgate::Time::from_millis(1.8e12))
        .sleep(|_: Duration| std::future::ready(()))
        .build()
        .unwrap();
    let mut tasks = super::tasks::Tasks::default();
    let (_, outcome) = tasks.add(async move { verifier.verify(&token(1, "a")).await });
    tasks.run();
    let error = outcome.take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.subject()), (Code::Config, Some("fetch")));
}
