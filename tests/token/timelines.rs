//! Timelines: what happens when, told in order.

use super::*;

#[test]
fn a_token_is_obtained_once_and_kept() {
    let mut world = World::of(MACHINE);
    assert_eq!((world.state(), world.deadline()), (State::Empty, None));
    for _ in 0..100 {
        assert_eq!(world.get().unwrap(), "t1");
        world.sleep(30.0);
    }
    assert_eq!((world.requests.len(), world.state()), (1, State::Valid));
}

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
fn it_is_refreshed_ahead_of_its_end_while_it_is_handed_out() {
    let mut world = World::of(MACHINE);
    world.get().unwrap();
    let margin = 3600.0 - world.deadline().unwrap();
    assert!((60.0..=120.0).contains(&margin), "{margin}");
    world.sleep(3600.0 - margin - 0.1);
    assert_eq!(world.get().unwrap(), "t1");
    assert_eq!(world.requests.len(), 1);
    world.sleep(0.2);
    assert_eq!(world.get().unwrap(), "t1", "the caller does not wait for the refresh");
    assert_eq!(world.requests.len(), 2);
    assert_eq!(world.get().unwrap(), "t2");
}

#[test]
fn the_timer_refreshes_a_token_that_is_used_and_leaves_one_that_is_not() {
    for is_used in [true, false] {
        let mut world = World::of(MACHINE);
        world.get().unwrap();
        world.force().unwrap();
        world.sleep(10.0);
        world.force().unwrap();
        if !is_used {
            // Obtained by the timer, and handed to nobody since.
            world.sleep(world.deadline().unwrap());
            assert!(world.wake());
        }
        let before = world.requests.len();
        world.sleep(world.deadline().unwrap());
        assert_eq!(world.wake(), is_used);
        assert_eq!(world.requests.len(), before + usize::from(is_used));
    }
}

#[test]
fn a_token_of_20_seconds_is_used_for_most_of_them() {
    for random in [0.0, 0.5, 0.999] {
        let mut world = World::jittered(MACHINE, Options::default(), Jitter::Fixed(random));
        world.reply = Reply::Life(20);
        for _ in 0..600 {
            world.get().unwrap();
            world.sleep(0.5);
        }
        // 300 s: a request for each 14 s or more.
        assert!((15..=22).contains(&world.requests.len()), "{}", world.requests.len());
    }
}

#[test]
fn a_day_of_sleep_costs_one_request_and_no_expired_token() {
    let mut world = World::of(MACHINE);
    world.get().unwrap();
    world.sleep(86_400.0);
    assert_eq!(world.get().unwrap(), "t2");
    assert_eq!(world.requests.len(), 2);
    assert!(world.events().iter().any(|event| matches!(event, Event::Expired)));
}

#[test]
fn a_clock_set_forward_costs_one_request() {
    let mut world = World::of(MACHINE);
    world.get().unwrap();
    world.sleep(7200.0);
    for _ in 0..50 {
        assert_eq!(world.get().unwrap(), "t2");
        world.sleep(1.0);
    }
    assert_eq!(world.requests.len(), 2);
}

#[test]
fn a_clock_set_back_gives_no_token_more_time() {
    let mut world = World::of(MACHINE);
    world.get().unwrap();
    world.sleep(1800.0);
    world.get().unwrap();
    world.sleep(-7200.0);
    assert_eq!(world.get().unwrap(), "t1");
    world.sleep(1795.0);
    assert_eq!(world.get().unwrap(), "t1");
    world.get().unwrap();
    assert_eq!(world.get().unwrap(), "t2", "3595 s have passed");
    assert_eq!(world.requests.len(), 2);
}

#[test]
fn a_clock_that_is_an_hour_off_is_harmless() {
    for hours in [-5, -1, 1, 5] {
        for body in [
            r#""expires_in":3600"#.to_owned(),
            r#""expires_in":"3600""#.to_owned(),
            format!(r#""expires_at":{}"#, 1_800_000_000 + 3600),
        ] {
            let mut world = World::of(MACHINE);
            world.date = Some(world.now);
            world.now += hours * 3_600_000;
            world.answers(&format!(",{body}"));
            for _ in 0..100 {
                world.get().unwrap();
                world.sleep(30.0);
            }
            assert_eq!(world.requests.len(), 1, "{hours} {body}");
            world.sleep(600.0);
            world.down();
            assert_eq!(code(world.get()), Code::RefreshUnavailable, "{hours} {body}");
        }
    }
}

#[test]
fn a_jwt_tells_its_life_where_the_answer_does_not_and_no_clock_is_needed() {
    for hours in [-5, 0, 5] {
        let mut world = World::of(MACHINE);
        let (iat, exp) = (1_800_000_000, 1_800_000_000 + 600);
        world.now += hours * 3_600_000;
        let token = jwt(&format!(r#"{{"iat":{iat},"exp":{exp}}}"#));
        world.reply = Reply::Answer(200, format!(r#"{{"access_token":"{token}","token_type":"Bearer"}}"#));
        world.get().unwrap();
        let left = world.manager.expires_at().unwrap().since(world.time());
        assert_eq!(left, Span::from_secs(600), "{hours}");
    }
}

#[test]
fn attack_23_odd_lives() {
    // What the answer says, for how long the token is handed out (s), and whether it is obtained at all.
    for (member, secs, is_good) in [
        (r#","expires_in":600"#, 598, true),
        (r#","expires_in":"600""#, 598, true),
        ("", 1_000_000, true),
        (r#","expires_in":null"#, 1_000_000, true),
        (r#","expires_in":"never""#, 1_000_000, true),
        (r#","expires_in":"600.0""#, 598, true),
        (r#","expires_in":6e2"#, 598, true),
        (r#","expires_in":true"#, 1_000_000, true),
        (r#","expires_in":[600]"#, 1_000_000, true),
        (r#","expires_in":"""#, 1_000_000, true),
        (r#","expires_in":"NaN""#, 1_000_000, true),
        (r#","expires_in":9007199254740993"#, 31_535_998, true),
        (r#","expires_in":4294967296"#, 31_535_998, true),
        (r#","expires_in":600,"expires_at":1"#, 598, true),
        (r#","expires_in":1e12"#, 31_535_998, true),
        (r#","expires_in":0"#, 0, false),
        (r#","expires_in":-1"#, 0, false),
        (r#","expires_in":"-3600""#, 0, false),
    ] {
        let mut world = World::of(MACHINE);
        world.answers(member);
        if !is_good {
            assert_eq!(code(world.get()), Code::RefreshUnavailable, "{member}");
            for _ in 0..1000 {
                world.sleep(1.0);
                let _ = world.get();
            }
            assert!(world.requests.len() < 80, "{member}: {}", world.requests.len());
            continue;
        }
        world.get().unwrap();
        world.down();
        world.sleep(secs as f64 - 0.1);
        assert_eq!(world.get().unwrap(), "t1", "{member}");
        assert!(world.deadline().is_none_or(|deadline| deadline >= 0.0), "{member}");
        if secs < 1_000_000 {
            world.sleep(0.2);
            assert!(world.get().is_err(), "{member}");
        }
    }
}

#[test]
fn a_token_without_an_end_is_replaced_every_five_minutes() {
    let mut world = World::of(MACHINE);
    world.answers("");
    world.get().unwrap();
    assert_eq!(world.manager.expires_at(), None);
    assert_eq!(world.deadline(), Some(300.0));
}

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
fn a_caller_that_forces_gets_a_new_token_whatever_came_a_moment_ago() {
    let mut world = World::of(MACHINE);
    world.get().unwrap();
    world.sleep(60.0);
    assert_eq!(world.force().unwrap(), "t2");
    assert_eq!(world.force().unwrap(), "t3", "what came a moment ago was asked for before");
    assert_eq!(world.get().unwrap(), "t3");
    world.down();
    assert_eq!(code(world.force()), Code::RefreshUnavailable);
    assert_eq!(world.get().unwrap(), "t3");
}

#[test]
fn more_validity_is_given_where_there_is_any() {
    let mut world = World::of(MACHINE);
    world.reply = Reply::Life(600);
    world.get().unwrap();
    world.sleep(400.0);
    assert_eq!(world.ask(false, 100).unwrap(), "t1");
    assert_eq!(world.ask(false, 250).unwrap(), "t2");
    world.sleep(400.0);
    world.down();
    assert_eq!(world.ask(false, 250).unwrap(), "t2", "better than none");
    // More than any token lives: half of the life is the most that can be had, and no storm.
    let mut world = World::of(MACHINE);
    world.reply = Reply::Life(20);
    for _ in 0..400 {
        world.ask(false, 3600).unwrap();
        world.sleep(0.5);
    }
    assert!(world.requests.len() <= 21, "{}", world.requests.len());
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
