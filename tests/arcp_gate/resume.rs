//! Resume (ARCP 1.1 §6.3): for the same principal alone, whatever the upstream runtime thinks of its tokens.

use super::*;

pub(super) fn resuming(token: &str) -> String {
    let resume = format!(r#","resume":{{"session_id":"sess_1","resume_token":"{token}","last_event_seq":7}}"#);
    hello(&resume, &["ack"])
}

/// The text that the platform is asked to authenticate.
pub(super) fn mac_input(world: &World) -> Option<String> {
    world.done.iter().rev().find_map(|action| match action {
        Action::Mac(input) => Some(input.clone()),
        _ => None,
    })
}

#[test]
fn a_sealed_token_is_opened_for_its_principal() {
    let mut world = World::new();
    world.client_says(&resuming("rg1.cnRrXzE.bWFj"));
    world.authenticated(alice());
    assert!(!world.is_asked(|action| matches!(action, Action::Open(_))), "not before the code is right");
    assert_eq!(mac_input(&world).unwrap(), r#"["arcgate resume 1","static||alice","sess_1","rtk_1"]"#);
    world.mac("bWFj");
    assert!(world.is_asked(|action| matches!(action, Action::Open(Some(id)) if id == "sess_1")));
    world.opened();
    assert_eq!(
        member(&world.upstream[0], "resume"),
        r#"{"session_id":"sess_1","resume_token":"rtk_1","token":"rtk_1","last_event_seq":7}"#
    );
    world.clear();
    world.upstream_says(&welcome("rtk_2", &["ack"]));
    assert_eq!(mac_input(&world).unwrap(), r#"["arcgate resume 1","static||alice","sess_1","rtk_2"]"#);
    // The replay begins before the seal is there; it comes after the welcome, in its order.
    let replay: Vec<_> = (8..=10)
        .map(|seq| {
            let event = Frame { event_seq: Some(seq), ..Frame::new("job.event", ID, "{}") };
            event.of_session("sess_1").write()
        })
        .collect();
    for event in &replay {
        assert_eq!(world.upstream_says(event), Flow::Drain);
    }
    assert!(world.client.is_empty());
    world.mac("bmV3");
    assert_eq!(member(&world.client[0], "resume_token"), "rg1.WyJzZXNzXzEiLCJydGtfMiJd.bmV3");
    assert_eq!(world.client[1..], replay);
}

#[test]
fn part_of_a_resume_is_a_resume_that_cannot_be() {
    for trusted in [true, false] {
        for part in [r#""session_id":"sess_1""#, r#""token":"t""#, r#""last_event_seq":5"#] {
            let mut world = World::new();
            world.gate =
                Gate::new(Config::from_json("{}").unwrap().into(), UpstreamTrust::of(trusted), true, 7, world.time());
            world.client_says(&hello(&format!(",{part}"), &[]));
            world.authenticated(alice());
            assert!(!world.is_asked(|action| matches!(action, Action::Open(_))), "{part}");
            assert_eq!(world.end(), ended("RESUME_WINDOW_EXPIRED", 1000), "{part}");
            assert_eq!(world.reason(), "resume_incomplete");
        }
    }
}

#[test]
fn a_token_that_is_not_this_principals_spends_nothing_upstream() {
    for token in ["rtk_1", "rg1.cnRrXzE.AAAA", "rg1.cnRrXzE.", "rg1.cnRrXzI.bWFj", "rg1..bWFj", "x"] {
        let mut world = World::new();
        world.client_says(&resuming(token));
        world.authenticated(alice());
        if mac_input(&world).is_some() {
            // What the platform computes for alice, sess_1 and the runtime's token.
            let is_first = mac_input(&world).unwrap().contains("\"rtk_1\"");
            world.mac(if is_first { "bWFj" } else { "b3RoZXI" });
        }
        assert_eq!(world.end(), ended("RESUME_WINDOW_EXPIRED", 1000), "{token}");
        assert!(!world.is_asked(|action| matches!(action, Action::Open(_))), "{token}");
        assert!(world.upstream.is_empty());
    }
}

#[test]
fn the_code_depends_on_who_asks() {
    let mut world = World::new();
    world.client_says(&resuming("rg1.cnRrXzE.bWFj"));
    world.authenticated(Principal::new(Kind::Static, None, "bob"));
    assert!(mac_input(&world).unwrap().contains("static||bob"));
}

#[test]
fn resume_as_a_message_needs_credentials() {
    let with = |more: &str| {
        let payload =
            format!(r#"{{"session_id":"sess_1","resume_token":"rg1.cnRrXzE.bWFj","last_event_seq":0{more}}}"#);
        Frame::new("session.resume", ID, &payload).write()
    };
    let mut world = World::new();
    world.client_says(&with(""));
    assert_eq!(world.end(), ended("UNAUTHENTICATED", 4401));
    let mut world = World::new();
    world.client_says(&with(r#","auth":{"scheme":"bearer","token":"tok"}"#));
    assert!(world.is_asked(|action| matches!(action, Action::Authenticate { .. })));
    world.authenticated(alice());
    world.mac("bWFj");
    world.opened();
    assert!(member(&world.upstream[0], "resume").contains("sess_1"));
    let mut world = World::new();
    world.client_says(&Frame::new("session.resume", ID, r#"{"resume_token":"x"}"#).write());
    assert_eq!(world.end(), ended("INVALID_REQUEST", 4400));
}

#[test]
fn nobody_in_particular_resumes_nothing() {
    let nobody = || Principal::new(Kind::Anonymous, None, "fresh");
    let mut world = World::new();
    world.client_says(&resuming("rg1.cnRrXzE.bWFj"));
    world.authenticated(nobody());
    assert_eq!(world.end(), ended("RESUME_WINDOW_EXPIRED", 1000));
    for trusted in [true, false] {
        let mut world = World::with("{}", trusted);
        world.client_says(&hello("", &[]));
        world.authenticated(nobody());
        world.opened();
        world.upstream_says(&welcome("rtk_1", &[]));
        assert_eq!(member(&world.client[0], "resume_token"), "none");
        assert_eq!(member(&world.client[0], "resume_window_sec"), "0");
    }
}

#[test]
fn a_runtime_that_is_lost_after_its_welcome_loses_nothing_that_it_sent() {
    let mut world = World::new();
    world.client_says(&hello("", &[]));
    world.authenticated(alice());
    world.opened();
    world.upstream_says(&welcome("rtk_1", &[]));
    world.upstream_says(&frame("job.event", "{}"));
    world.gate.handle_upstream_closed(1006, world.time());
    world.drain();
    assert!(world.closed.is_none());
    world.mac("bWFj");
    assert_eq!(world.kinds(), ["session.welcome", "job.event", "session.error"]);
    assert_eq!(world.closed, Some(1012));
}

#[test]
fn what_waits_for_the_seal_is_bounded_and_what_waited_is_not_lost() {
    let mut world = World::with(r#"{"limits":{"maxBufferedBytes":1000}}"#, false);
    world.client_says(&hello("", &[]));
    world.authenticated(alice());
    world.opened();
    world.upstream_says(&welcome("rtk_1", &[]));
    let event = frame("job.event", "{}");
    for _ in 0..20 {
        world.upstream_says(&event);
    }
    assert!(world.closed.is_none(), "who comes back would find the same again, and nothing new");
    world.mac("bWFj");
    assert_eq!((world.end(), world.reason().as_str()), (ended("INTERNAL_ERROR", 1012), "upstream_too_fast"));
    assert_eq!(world.client.iter().filter(|text| **text == event).count(), 1000 / event.len());
    // One that is larger than all that may wait: it goes first, alone.
    let mut world = World::with(r#"{"limits":{"maxBufferedBytes":1000}}"#, false);
    world.client_says(&hello("", &[]));
    world.authenticated(alice());
    world.opened();
    world.upstream_says(&welcome("rtk_1", &[]));
    world.upstream_says(&frame("job.event", &format!(r#"{{"x":"{}"}}"#, "x".repeat(2000))));
    world.upstream_says(&event);
    world.mac("bWFj");
    assert_eq!(world.kinds(), ["session.welcome", "job.event", "session.error"]);
}

#[test]
fn a_platform_that_cannot_seal() {
    for resumes in [true, false] {
        let mut world = World::new();
        world.client_says(&if resumes { resuming("rg1.cnRrXzE.bWFj") } else { hello("", &[]) });
        world.authenticated(alice());
        if !resumes {
            world.opened();
            world.upstream_says(&welcome("rtk_1", &[]));
        }
        world.gate.handle_mac(None, world.time());
        world.drain();
        assert_eq!(world.end(), ended("INTERNAL_ERROR", 1012));
    }
}

#[test]
fn a_displaced_connection_is_closed_as_such() {
    let mut world = World::open("{}", false, &[]);
    world.gate.handle_displaced(world.time());
    world.drain();
    assert_eq!((world.client.len(), world.closed, world.upstream_closed), (0, Some(4409), true));
}
