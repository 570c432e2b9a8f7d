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
