//! How the gate resumes with its upstream: runtimes that are late, that want another number, that give another session.

use super::{
    resume::{mac_input, resuming},
    *,
};

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
