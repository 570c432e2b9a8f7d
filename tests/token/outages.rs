//! Providers that don't answer, and servers that refuse what they gave.

use super::*;

#[test]
fn an_outage_is_survived_with_the_valid_token_and_few_requests() {
    let mut world = World::of(MACHINE);
    world.get().unwrap();
    world.down();
    world.sleep(3500.0);
    for _ in 0..96 {
        assert_eq!(world.get().unwrap(), "t1");
        world.sleep(1.0);
    }
    assert!(world.requests.len() < 15, "{}", world.requests.len());
    world.sleep(3.0);
    let error = world.get().unwrap_err();
    assert_eq!(error.code(), Code::RefreshUnavailable);
    assert!(error.retry_delay().is_some());
    assert_eq!(world.state(), State::Failed);
    // An hour of callers, ten a second.
    let before = world.requests.len();
    for _ in 0..36_000 {
        assert!(world.get().is_err());
        world.sleep(0.1);
    }
    assert!(world.requests.len() - before < 150, "{}", world.requests.len() - before);
    world.reply = Reply::Life(3600);
    world.sleep(61.0);
    assert!(world.get().is_ok());
    assert_eq!(world.state(), State::Valid);
}

#[test]
fn the_timer_goes_on_through_failures() {
    let mut world = World::of(MACHINE);
    world.get().unwrap();
    world.down();
    let mut tried = 0;
    while let Some(deadline) = world.deadline() {
        world.sleep(deadline);
        tried += usize::from(world.wake());
    }
    assert!((3..40).contains(&tried), "{tried}");
}

#[test]
fn the_timer_looks_again_for_what_another_one_may_have_stored() {
    let mut world = World::stored(PERSON);
    world.reply = Reply::Life(600);
    world.get().unwrap();
    world.reply = error(400, "invalid_grant");
    world.sleep(world.deadline().unwrap());
    assert!(world.wake());
    assert_eq!(world.deadline(), Some(60.0), "a minute after it looked last");
    world.sleep(60.0);
    assert!(world.wake());
    assert!(world.deadline().is_some_and(|until| until < 60.0), "the token's own end comes before the next look");
    assert_eq!(world.requests.len(), 2, "to look is to send nothing");
}

#[test]
fn retry_after_is_honoured() {
    let mut world = World::of(MACHINE);
    world.reply = Reply::Answer(429, String::new());
    world.retry_after = Some(120);
    assert_eq!(world.get().unwrap_err().retry_delay(), Some(Span::from_secs(120)));
    world.sleep(119.9);
    assert!(world.get().is_err());
    assert_eq!(world.requests.len(), 1);
    world.sleep(0.2);
    assert!(world.get().is_err());
    assert_eq!(world.requests.len(), 2);
}

#[test]
fn being_offline_is_not_being_logged_out() {
    let mut world = World::of(PERSON);
    for _ in 0..20 {
        world.reply = Reply::Fails(FetchFailure::Network);
        assert_eq!(code(world.get()), Code::RefreshUnavailable);
        world.sleep(61.0);
    }
    world.reply = Reply::Life(600);
    assert!(world.get().is_ok());
    assert!(world.requests.iter().all(|body| body.contains("refresh_token=r0")));
}

#[test]
fn a_refused_token_is_dropped_once_and_a_server_that_refuses_all_causes_no_storm() {
    let mut world = World::of(MACHINE);
    world.get().unwrap();
    world.sleep(100.0);
    assert!(world.manager.handle_refused_token("t1", world.time()));
    assert_eq!(world.get().unwrap(), "t2");
    assert!(!world.manager.handle_refused_token("t1", world.time()), "it is not the present one any more");
    assert_eq!(world.get().unwrap(), "t2");
    for _ in 0..3000 {
        if let Ok(token) = world.get() {
            world.manager.handle_refused_token(&token, world.time());
        }
        world.sleep(0.1);
    }
    // 300 s.
    assert!(world.requests.len() < 16, "{}", world.requests.len());
    world.sleep(61.0);
    assert!(world.get().is_ok(), "and it goes on when the server comes to its senses");
}
