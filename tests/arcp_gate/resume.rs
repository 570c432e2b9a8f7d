//! Resume (ARCP 1.1 §6.3): for the same principal alone, whatever the upstream runtime thinks of its tokens.

use super::*;

fn resuming(token: &str) -> String {
    let resume = format!(r#","resume":{{"session_id":"sess_1","resume_token":"{token}","last_event_seq":7}}"#);
    hello(&resume, &["ack"])
}

/// The text that the platform is asked to authenticate.
fn mac_input(world: &World) -> Option<String> {
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
            world.gate = Gate::new(Config::from_json("{}").unwrap(), UpstreamTrust::of(trusted), true, 7, world.time());
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

#[test]
fn a_runtime_that_has_not_noticed_the_old_connections_end_is_asked_again() {
    for tries in [1, 3] {
        let mut world = World::new();
        world.client_says(&resuming("rg1.cnRrXzE.bWFj"));
        world.authenticated(alice());
        world.mac("bWFj");
        for rest in &[200, 500, 1000][..tries] {
            world.opened();
            world.clear();
            world.upstream_says(&error_frame("PERMISSION_DENIED"));
            assert!(matches!(world.done[..], [Action::CloseUpstream]));
            world.pass(rest - 1);
            assert!(world.upstream_closed);
            world.pass(1);
            assert!(matches!(&world.done[1..], [Action::Open(Some(id))] if id == "sess_1"));
        }
        world.opened();
        assert!(member(&world.upstream[0], "resume").contains("rtk_1"), "the token is still known");
        if tries == 1 {
            world.upstream_says(&welcome("rtk_2", &[]));
            world.mac("bmV3");
            assert_eq!(world.kinds(), ["session.welcome"]);
        } else {
            world.upstream_says(&error_frame("PERMISSION_DENIED"));
            assert_eq!(world.end(), ended("RESUME_WINDOW_EXPIRED", 1000));
        }
    }
}

#[test]
fn a_session_is_found_by_a_token_that_names_it() {
    // A token as it was handed out, in the dialects that show nothing else; and one of an older version with its session.
    let flat = r#","resume_token":"rg1.WyJzZXNzXzEiLCJydGtfMSJd.bWFj","last_event_seq":7"#;
    let nested = r#","resume":{"token":"rg1.WyJzZXNzXzEiLCJydGtfMSJd.bWFj","last_event_seq":7}"#;
    let older = r#","session_id":"sess_1","resume_token":"rg1.cnRrXzE.bWFj","last_event_seq":7"#;
    for more in [flat, nested, older] {
        let mut world = World::new();
        world.client_says(&hello(more, &[]));
        world.authenticated(alice());
        assert_eq!(mac_input(&world).unwrap(), r#"["arcgate resume 1","static||alice","sess_1","rtk_1"]"#, "{more}");
        world.mac("bWFj");
        world.opened();
        let ours = &world.upstream[0];
        assert!(member(ours, "resume").contains(r#""session_id":"sess_1""#), "{more}");
        assert_eq!((member(ours, "resume_token").as_str(), member(ours, "last_event_seq").as_str()), ("rtk_1", "7"));
    }
    // One that doesn't say is nobody's, and never a new session.
    for more in
        [r#","resume_token":"rg1.cnRrXzE.bWFj","last_event_seq":7"#, r#","resume_token":"rt_gone","last_event_seq":3"#]
    {
        let mut world = World::new();
        world.client_says(&hello(more, &[]));
        world.authenticated(alice());
        world.mac("b3RoZXI");
        assert_eq!(world.end(), ended("RESUME_WINDOW_EXPIRED", 1000), "{more}");
    }
    // The hub looks for itself.
    let mut world = World::with("{}", true);
    world.client_says(&hello(r#","resume_token":"rt_1","last_event_seq":3"#, &[]));
    world.authenticated(alice());
    assert!(world.is_asked(|action| matches!(action, Action::Open(None))));
    world.opened();
    assert_eq!(member(&world.upstream[0], "resume_token"), "rt_1");
}

#[test]
fn who_has_seen_all_is_asked_for_one_more_where_that_helps() {
    // As the TypeScript SDK's runtime: it refuses the last number, and takes the one before.
    let mut world = World::new();
    world.client_says(&resuming("rg1.cnRrXzE.bWFj"));
    world.authenticated(alice());
    world.mac("bWFj");
    world.opened();
    world.upstream_says(&error_frame("RESUME_WINDOW_EXPIRED"));
    world.clear();
    world.pass(1);
    world.opened();
    assert_eq!(member(&world.upstream[0], "last_event_seq"), "6");
    world.upstream_says(&welcome("rtk_2", &[]));
    world.mac("bmV3");
    for seq in [7, 8] {
        let event = Frame { event_seq: Some(seq), ..Frame::new("job.event", ID, "{}") };
        world.upstream_says(&event.of_session("sess_1").write());
    }
    let seqs: Vec<_> = world.client.iter().map(|text| Envelope::parse(text).unwrap().event_seq()).collect();
    assert_eq!(seqs, [None, Some(8)], "the client has the seventh");

    // The Python SDK's runtime has another code, and forgets a session for a wrong try; nor is there anything below zero.
    for (code, last) in [("PERMISSION_DENIED", 7), ("RESUME_WINDOW_EXPIRED", 0)] {
        let mut world = World::new();
        world.client_says(
            &resuming("rg1.cnRrXzE.bWFj").replace("\"last_event_seq\":7", &format!("\"last_event_seq\":{last}")),
        );
        world.authenticated(alice());
        world.mac("bWFj");
        for _ in 0..4 {
            world.opened();
            assert_eq!(member(world.upstream.last().unwrap(), "last_event_seq"), last.to_string(), "{code}");
            world.upstream_says(&error_frame(code));
            world.pass(1000);
        }
        assert_eq!(world.end(), ended("RESUME_WINDOW_EXPIRED", 1000));
    }
}

#[test]
fn a_resume_that_is_refused_by_a_jobs_error_is_refused() {
    let mut world = World::new();
    world.client_says(&resuming("rg1.cnRrXzE.bWFj"));
    world.authenticated(alice());
    world.mac("bWFj");
    for _ in 0..5 {
        world.opened();
        world.upstream_says(&error_frame("RESUME_WINDOW_EXPIRED").replace("session.error", "job.error"));
        world.pass(1000);
    }
    assert_eq!(world.end(), ended("RESUME_WINDOW_EXPIRED", 1000));
}

#[test]
fn who_asks_for_a_session_back_never_gets_another_one() {
    for trusted in [true, false] {
        let mut world = World::with("{}", trusted);
        world.client_says(&resuming("rg1.cnRrXzE.bWFj"));
        world.authenticated(alice());
        if !trusted {
            world.mac("bWFj");
        }
        world.opened();
        world.upstream_says(&welcome("rtk_2", &[]).replace("sess_1", "sess_new"));
        assert_eq!(world.end(), ended("RESUME_WINDOW_EXPIRED", 1000));
        assert_eq!((world.reason().as_str(), world.upstream_closed), ("upstream_new_session", true));
    }
}

#[test]
fn the_hub_hears_of_a_resumed_client_with_its_first_frame_whatever_that_is() {
    let resumed = |trusted| {
        let mut world = World::with("{}", trusted);
        world.client_says(&resuming("rg1.cnRrXzE.bWFj"));
        world.authenticated(alice());
        if !trusted {
            world.mac("bWFj");
        }
        world.opened();
        world.upstream_says(&welcome("rtk_2", &["ack"]));
        if !trusted {
            world.mac("bmV3");
        }
        world.clear();
        world
    };
    let ping = frame("session.ping", r#"{"nonce":"n"}"#);
    let texts = [
        ping.clone(),
        frame("session.pong", "{}"),
        frame("made.up", "{}"),
        frame("job.subscribe", "{}"),
        "{".to_owned(),
    ];
    for text in &texts {
        let mut world = resumed(true);
        world.client_says(text);
        assert_eq!(world.kinds_upstream(), ["session.pong"], "{text}");
        let first = world.done.iter().find(|action| !matches!(action, Action::Audit(_)));
        assert!(matches!(first, Some(Action::ToUpstream(_))), "before the client is answered: {text}");
        world.client_says(&ping);
        assert_eq!(world.kinds_upstream().len(), 1, "once");
    }
    for oddly in [
        |world: &mut World| world.gate.handle_client_binary(world.time()),
        |world: &mut World| {
            world.gate.handle_client_oversized(2_000_000, world.time());
        },
    ] {
        let mut world = resumed(true);
        oddly(&mut world);
        world.drain();
        assert_eq!(world.kinds_upstream(), ["session.pong"]);
    }
    // What goes on says so itself, after it; and a client that was never heard of may not have the welcome.
    let mut world = resumed(true);
    world.client_says(&frame("session.ack", r#"{"last_processed_seq":7}"#));
    assert_eq!(world.kinds_upstream(), ["session.pong", "session.ack"]);
    let mut world = resumed(true);
    world.gate.handle_client_closed(world.time());
    world.drain();
    assert!(world.upstream.is_empty());
    let mut world = resumed(false);
    world.client_says(&ping);
    assert!(world.upstream.is_empty(), "another's runtime has its own rules");
}
