//! Attempts whose performers vanish: nobody waits for ever, and no refresh token is sent twice.

use super::*;

#[test]
fn a_burst_of_callers_sends_one_request() {
    let mut world = World::of(MACHINE);
    let request = world.request(false, 0);
    let Step::Begin(attempt) = world.manager.ask(&request, world.time()) else { panic!() };
    for _ in 0..99 {
        assert!(matches!(world.manager.ask(&request, world.time()), Step::Wait(same, _) if same == attempt));
    }
    assert_eq!(world.state(), State::Refreshing);
    world.run(attempt);
    for _ in 0..99 {
        assert!(matches!(world.manager.ask(&request, world.time()), Step::Token(None)));
    }
    assert_eq!(world.requests.len(), 1);
}

#[test]
fn the_timer_begins_another_attempt_where_one_is_lost() {
    let mut world = World::of(MACHINE);
    world.reply = Reply::Life(600);
    world.get().unwrap();
    world.sleep(world.deadline().unwrap());
    world.replies = vec![Reply::Vanishes];
    assert!(world.wake());
    assert_eq!(world.deadline(), Some(11.0), "its time-out, and a second to notice it");
    world.sleep(10.9);
    assert!(!world.wake());
    world.sleep(0.1);
    assert!(world.wake());
    assert_eq!(world.get().unwrap(), "t2");
}

#[test]
fn a_lost_attempt_leaves_nobody_waiting_and_is_found_if_it_comes_back() {
    let mut world = World::of(MACHINE);
    world.replies = vec![Reply::Vanishes];
    let request = world.request(false, 0);
    let Step::Begin(lost) = world.manager.ask(&request, world.time()) else { panic!() };
    world.run(lost);
    let Step::Wait(_, until) = world.manager.ask(&request, world.time()) else { panic!() };
    assert!(until.since(world.time()) <= Span::from_secs(11));
    world.now = until.as_millis();
    assert_eq!(world.get().unwrap(), "t1");
    // Its answer comes after all: older than what there is.
    let late = Input::Response {
        status: 200,
        body: br#"{"access_token":"old","token_type":"Bearer","expires_in":900}"#,
        date: None,
        retry_after: None,
    };
    let now = world.time();
    world.manager.handle(lost, late, now);
    assert_eq!(world.get().unwrap(), "t1");
}

#[test]
fn a_refresh_once_sent_is_waited_for_though_callers_give_up() {
    let mut world = World::of(PERSON);
    world.replies = vec![Reply::Vanishes];
    let request = world.request(false, 0);
    let Step::Begin(slow) = world.manager.ask(&request, world.time()) else { panic!() };
    world.run(slow);
    world.sleep(10.0);
    let error = world.get().unwrap_err();
    assert_eq!(error.code(), Code::RefreshUnavailable);
    for _ in 0..40 {
        world.sleep(1.0);
        assert!(world.get().is_err());
    }
    assert_eq!(world.requests.len(), 1, "the token is not sent twice while its answer may come");
    let answer = br#"{"access_token":"a","token_type":"Bearer","expires_in":600,"refresh_token":"r1"}"#;
    let now = world.time();
    world.manager.handle(slow, Input::Response { status: 200, body: answer, date: None, retry_after: None }, now);
    assert_eq!(world.get().unwrap(), "a");
    world.force().unwrap();
    world.sleep(600.0);
    world.get().unwrap();
    assert!(world.requests[1].contains("refresh_token=r1"));
}

#[test]
fn an_answer_that_never_comes_is_asked_for_again_after_a_minute() {
    let mut world = World::of(PERSON);
    world.replies = vec![Reply::Vanishes];
    assert!(world.get().is_err());
    world.sleep(55.0);
    assert!(world.get().is_ok());
    assert_eq!(world.requests.len(), 2);
}

#[test]
fn who_is_gone_for_certain_is_taken_over_from_at_once_but_not_again_and_again() {
    for source in [MACHINE, PERSON] {
        let mut world = World::of(source);
        world.replies = vec![Reply::Vanishes];
        let request = world.request(false, 0);
        let Step::Begin(attempt) = world.manager.ask(&request, world.time()) else { panic!() };
        world.run(attempt);
        let now = world.time();
        assert!(world.manager.take_over(attempt, now));
        world.run(attempt);
        assert_eq!(world.get().unwrap(), "t1");
        assert!(!world.manager.take_over(attempt, now), "it is over");
        assert_eq!(world.requests.len(), 2);
        // Callers that give up, 10 a second.
        let mut world = World::of(source);
        world.reply = Reply::Vanishes;
        for _ in 0..3000 {
            let request = world.request(false, 0);
            let (Step::Begin(attempt) | Step::Wait(attempt, _)) = world.manager.ask(&request, world.time()) else {
                world.sleep(0.1);
                continue;
            };
            let now = world.time();
            if world.manager.take_over(attempt, now) {
                world.run(attempt);
            }
            world.sleep(0.1);
        }
        // 300 s: up to three for each pause, which grow to half a minute.
        assert!(world.requests.len() < 60, "{}", world.requests.len());
        world.reply = Reply::Life(600);
        world.sleep(61.0);
        assert!(world.get().is_ok());
    }
}

#[test]
fn tokens_that_came_are_not_lost_with_whoever_was_storing_them() {
    for is_noticed in [true, false] {
        let mut world = World::stored(PERSON);
        world.reply = Reply::Answer(
            200,
            r#"{"access_token":"a","token_type":"Bearer","expires_in":600,"refresh_token":"r1"}"#.to_owned(),
        );
        let request = world.request(false, 0);
        let Step::Begin(attempt) = world.manager.ask(&request, world.time()) else { panic!() };
        while !matches!(world.manager.task(attempt, "id", world.time()), Some(Task::Store(_))) {
            world.step(attempt);
        }
        if is_noticed {
            let now = world.time();
            assert!(world.manager.take_over(attempt, now));
            world.run(attempt);
        } else {
            world.sleep(10.0);
        }
        assert_eq!(world.get().unwrap(), "a");
        assert_eq!(world.requests.len(), 1, "r0 is not sent again");
        assert!(world.storage.as_ref().is_some_and(|text| text.contains("\"r1\"")));
    }
}
