//! Deadlines, the token's end, revocation, and sides that don't read.

use super::*;

fn until(millis: i64) -> Principal {
    alice().with_expiry(Time::from_millis((START + millis) as f64))
}

#[test]
fn a_hello_is_waited_for_and_not_for_ever() {
    let mut world = World::new();
    world.pass(9_999);
    assert!(world.closed.is_none());
    world.pass(1);
    // A hello may be under way, with a token that is good.
    assert_eq!(world.end(), ended("INTERNAL_ERROR", 4408));
    assert_eq!(world.reason(), "hello_timeout");
}

#[test]
fn each_answer_is_waited_for_with_a_bound() {
    let mut world = World::new();
    world.pass(9_000);
    world.client_says(&hello("", &[]));
    world.pass(14_999);
    assert!(world.closed.is_none());
    world.pass(1);
    assert_eq!((world.end(), world.reason().as_str()), (ended("INTERNAL_ERROR", 1012), "verifier_timeout"));

    for opened in [false, true] {
        let mut world = World::new();
        world.client_says(&hello("", &[]));
        world.authenticated(alice());
        if opened {
            world.pass(5_000);
            world.opened();
            world.pass(4_999);
        } else {
            world.pass(9_999);
        }
        assert!(world.closed.is_none());
        world.pass(1);
        assert_eq!((world.end(), world.reason().as_str()), (ended("INTERNAL_ERROR", 1012), "upstream_timeout"));
        assert!(world.upstream_closed);
    }
}

#[test]
fn a_hello_needs_five_seconds_of_life() {
    for (left, is_enough) in [(-1000, false), (4_999, false), (5_000, true)] {
        let mut world = World::new();
        world.client_says(&hello("", &[]));
        world.authenticated(until(left));
        assert_eq!(world.is_asked(|action| matches!(action, Action::Open(_))), is_enough, "{left}");
        assert_eq!(world.end() == ended("UNAUTHENTICATED", 4401), !is_enough, "{left}");
    }
}

#[test]
fn a_session_ends_with_its_token_and_the_tolerance() {
    let mut world = World::with("{}", true);
    world.client_says(&hello("", &[]));
    world.authenticated(until(60_000));
    world.opened();
    world.upstream_says(&welcome("rt", &[]));
    world.pass(89_999);
    assert!(world.closed.is_none());
    world.pass(1);
    assert_eq!(world.end(), ended("UNAUTHENTICATED", 4410));
    assert!(world.upstream_closed);

    // Also where the timer is late: the next frame of either side finds it over.
    for from_client in [true, false] {
        let mut world = World::with("{}", true);
        world.client_says(&hello("", &[]));
        world.authenticated(until(60_000));
        world.opened();
        world.upstream_says(&welcome("rt", &[]));
        world.now += 90_000;
        let text = frame("session.ack", "{}");
        let flow = if from_client { world.client_says(&text) } else { world.upstream_says(&text) };
        assert_eq!(flow, Flow::Drain);
        assert_eq!(world.end(), ended("UNAUTHENTICATED", 4410));
    }
}

#[test]
fn a_token_that_ends_during_the_handshake_ends_it() {
    let mut world = World::with(r#"{"limits":{"upstreamTimeoutMs":60000}}"#, true);
    world.client_says(&hello("", &[]));
    world.authenticated(until(5_000));
    world.pass(35_000);
    assert_eq!(world.end(), ended("UNAUTHENTICATED", 4410));
    assert!(world.upstream_closed);
}

#[test]
fn revocation_is_asked_about_and_ends_the_session() {
    let mut world = World::open("{}", true, &[]);
    world.answer = None;
    world.pass(3_999);
    assert!(world.done.is_empty());
    world.pass(1);
    assert!(matches!(world.done[..], [Action::CheckRevocation]));
    world.pass(9_000);
    assert_eq!(world.done.len(), 1, "asked once until there is an answer");
    world.answered(Some(false));
    world.pass(4_000);
    assert_eq!(world.done.len(), 2);
    world.answered(Some(true));
    assert_eq!(world.end(), ended("UNAUTHENTICATED", 4410));
    assert_eq!(world.reason(), "token_revoked");
}

#[test]
fn revocation_that_cannot_be_asked_about_is_borne_for_a_while() {
    let mut world = World::open("{}", true, &[]);
    world.answer = Some(None);
    world.pass(31_999);
    assert!(world.closed.is_none());
    world.pass(1);
    assert_eq!(world.end(), ended("INTERNAL_ERROR", 1012));
    assert_eq!(world.reason(), "revocation_unknown");

    // Nor does it go on for ever when the driver itself never answers.
    let mut world = World::open("{}", true, &[]);
    world.answer = None;
    world.pass(60_000);
    assert_eq!(world.closed, Some(1012));
}

/// As far as each question before the welcome; the last is not answered yet.
fn asked_before_welcome(trusted: bool) -> [World; 2] {
    let mut opened = World::with("{}", trusted);
    opened.answer = None;
    opened.client_says(&hello("", &[]));
    opened.authenticated(until(60_000));
    opened.opened();
    let mut welcomed = World::with("{}", trusted);
    welcomed.client_says(&hello("", &[]));
    welcomed.authenticated(until(60_000));
    welcomed.opened();
    welcomed.answer = None;
    welcomed.upstream_says(&welcome("rtk_1", &[]));
    if !trusted {
        assert!(
            !welcomed.is_asked(|action| matches!(action, Action::CheckRevocation)),
            "after the seal, which takes time"
        );
        welcomed.mac("bWFj");
    }
    [opened, welcomed]
}

#[test]
fn each_wait_before_the_welcome_is_followed_by_a_question() {
    for trusted in [true, false] {
        for (answer, end) in [(Some(true), ended("UNAUTHENTICATED", 4410)), (None, ended("INTERNAL_ERROR", 1012))] {
            for (at, mut world) in asked_before_welcome(trusted).into_iter().enumerate() {
                assert!(matches!(world.done.last(), Some(Action::CheckRevocation)), "{at}");
                assert!(world.client.is_empty() && (at == 1 || world.upstream.is_empty()), "nothing before the answer");
                world.answered(answer);
                assert_eq!(world.end(), end, "{at}");
                assert!(world.upstream_closed && (at == 1 || world.upstream.is_empty()));
            }
        }
        for (at, mut world) in asked_before_welcome(trusted).into_iter().enumerate() {
            world.answered(Some(false));
            assert_eq!(if at == 0 { world.kinds_upstream() } else { world.kinds() }.len(), 1, "it goes on");
        }
        for mut world in asked_before_welcome(trusted) {
            world.pass(15_000);
            assert_eq!((world.end(), world.reason().as_str()), (ended("INTERNAL_ERROR", 1012), "revocation_unknown"));
        }
    }
}

#[test]
fn a_token_that_ends_while_something_is_waited_for_lets_nobody_in() {
    for late in 0..4 {
        let mut world = World::new();
        world.answer = None;
        world.client_says(&hello("", &[]));
        world.authenticated(until(60_000));
        // Whatever answers late: the timer has not run, and the answer is looked at first.
        let lapses = |world: &mut World, step| {
            if step == late {
                world.now += 95_000;
            }
        };
        lapses(&mut world, 0);
        world.opened();
        lapses(&mut world, 1);
        world.answered(Some(false));
        world.upstream_says(&welcome("rtk_1", &[]));
        lapses(&mut world, 2);
        world.mac("bWFj");
        lapses(&mut world, 3);
        world.answered(Some(false));
        assert_eq!(world.end(), ended("UNAUTHENTICATED", 4410), "{late}");
        assert_eq!(world.upstream.len(), usize::from(late > 1), "{late}");
    }
}

#[test]
fn who_says_too_much_is_cut_off() {
    let config = r#"{"limits":{"maxFramesPerSec":10,"maxBytesPerSec":7000}}"#;
    let mut world = World::open(config, false, &["ack"]);
    for second in 0..200 {
        world.client_says(&frame("job.submit", "{}"));
        world.client_says(&frame("session.ping", r#"{"nonce":"n"}"#));
        assert!(world.closed.is_none(), "{second}");
        world.now += 1000;
    }
    world.clear();
    let passed = (0..200).take_while(|_| world.client_says(&frame("job.cancel", "{}")) == Flow::Forward).count();
    assert_eq!(passed, 100, "ten seconds' worth at once");
    assert_eq!((world.closed, world.reason().as_str()), (Some(4429), "client_too_fast"));
    // What is refused or dropped counts as well, and so do bytes.
    for text in [
        frame("made.up", "{}"),
        frame("session.pong", "{}"),
        frame("job.submit", &format!(r#"{{"x":"{}"}}"#, "x".repeat(3500))),
    ] {
        let mut world = World::open(config, false, &[]);
        for _ in 0..101 {
            world.client_says(&text);
        }
        assert_eq!(world.closed, Some(4429), "{}", &text[..60]);
    }
}

#[test]
fn sides_that_do_not_read() {
    let mut world = World::open("{}", false, &[]);
    world.gate.handle_client_overflow(world.time());
    world.drain();
    assert_eq!((world.client.len(), world.closed, world.upstream_closed), (0, Some(4429), true));
    let mut world = World::open("{}", false, &[]);
    world.gate.handle_upstream_overflow(world.time());
    world.drain();
    assert_eq!((world.closed, world.reason().as_str()), (Some(4429), "upstream_too_slow"));
}

#[test]
fn where_the_platform_tells_nothing_the_client_is_asked_for_a_sign() {
    let mut world = World::open(r#"{"limits":{"maxBufferedBytes":1000}}"#, false, &["heartbeat"]);
    // A gate like it, on a platform without bufferedAmount.
    let config = Config::from_json(r#"{"limits":{"maxBufferedBytes":1000}}"#).unwrap();
    world.gate = Gate::new(config.into(), UpstreamTrust::Trusted, false, 7, world.time());
    world.client_says(&hello("", &["heartbeat"]));
    world.authenticated(alice());
    world.opened();
    world.upstream_says(&welcome("rt", &[]));
    world.clear();
    let event = frame("job.event", &format!(r#"{{"data":"{}"}}"#, "x".repeat(150)));
    for _ in 0..200 {
        world.upstream_says(&event);
        if world.kinds().last().map(String::as_str) == Some("session.ping") {
            world.client_says(&frame("session.pong", "{}"));
        }
    }
    assert!(world.closed.is_none(), "one that answers is not slow");
    assert_eq!(world.kinds().iter().filter(|kind| *kind == "job.event").count(), 200);
    for _ in 0..200 {
        if world.closed.is_none() {
            world.upstream_says(&event);
        }
    }
    assert_eq!((world.closed, world.reason().as_str()), (Some(4429), "client_too_slow"));
}
