//! From the upgrade to the welcome (ARCP 1.1 §6.1, §6.2): one hello, in time, and nothing upstream before it is verified.

use super::*;

const FEATURES: &[&str] = &["heartbeat", "ack", "list_jobs"];

#[test]
fn a_handshake() {
    let mut world = World::new();
    world.client_says(&hello("", &["heartbeat", "ack", "progress", "x-vendor.a.b"]));
    assert!(matches!(&world.done[..], [Action::Authenticate { scheme, token: Some(token) }]
        if scheme == "bearer" && token.matches(b"tok")));
    assert!(world.upstream.is_empty());
    world.authenticated(alice());
    assert!(world.is_asked(|action| matches!(action, Action::Open(None))));
    assert!(world.upstream.is_empty());
    world.opened();
    let ours = &world.upstream[0];
    assert_eq!(kind(ours), "session.hello");
    assert_eq!(member(ours, "auth"), r#"{"scheme":"bearer","token":"for-alice"}"#);
    assert_eq!(member(ours, "client"), r#"{"name":"c","version":"1"}"#);
    assert_eq!(member(ours, "capabilities"), r#"{"encodings":["json"],"features":["ack","progress","heartbeat"]}"#);
    assert!(!ours.contains("\"tok\""), "the client's own token stays here");
    world.upstream_says(&welcome("rtk_1", &["ack", "subscribe", "heartbeat", "x-vendor.a.b"]));
    assert!(world.client.is_empty(), "not before the token is sealed");
    world.mac("bWFj");
    let theirs = &world.client[0];
    assert_eq!(Envelope::parse(theirs).unwrap().session_id(), Some("sess_1"));
    assert_eq!(member(theirs, "session_id"), "sess_1");
    assert_eq!(member(theirs, "resume_token"), "rg1.WyJzZXNzXzEiLCJydGtfMSJd.bWFj");
    assert_eq!(member(theirs, "resume_window_sec"), "600");
    assert_eq!(member(theirs, "heartbeat_interval_sec"), "30", "ours, not the runtime's");
    assert!(member(theirs, "capabilities").contains(r#""features":["ack","heartbeat"]"#));
    assert_eq!(member(theirs, "accepted_at"), "2026-05-28T20:26:40.000Z");
    assert_eq!((world.log[0].outcome, world.log[0].principal.as_deref()), (Outcome::Allowed, Some("static||alice")));
    assert!(!format!("{:?}", world.log).contains("tok\""), "no token in the log");
}

#[test]
fn a_hub_of_our_own_is_trusted_and_not_pinged() {
    let mut world = World::with("{}", true);
    world.client_says(&hello("", &["heartbeat", "ack"]));
    world.authenticated(alice());
    world.opened();
    assert!(!world.upstream[0].contains("heartbeat"));
    world.upstream_says(&welcome("rt_random", &["ack"]));
    assert_eq!(member(&world.client[0], "resume_token"), "rt_random");
    assert!(member(&world.client[0], "capabilities").contains(r#"["ack","heartbeat"]"#));
}

#[test]
fn who_offers_no_heartbeat_gets_none() {
    let mut world = World::new();
    world.client_says(&hello("", &[]));
    world.authenticated(alice());
    world.opened();
    world.upstream_says(&welcome("rtk_1", FEATURES));
    world.mac("bWFj");
    assert_eq!(member(&world.client[0], "heartbeat_interval_sec"), "");
    assert!(member(&world.client[0], "capabilities").contains(r#""features":[]"#));
}

#[test]
fn a_first_frame_that_is_no_hello() {
    let long = "x".repeat(70_000);
    let cases: &[(&str, &str, u16, &str)] = &[
        ("{", "INVALID_REQUEST", 4400, "bad_json"),
        ("[]", "INVALID_REQUEST", 4400, "bad_json"),
        ("", "INVALID_REQUEST", 4400, "bad_json"),
        (r#"{"arcp":"1.1","arcp":"1.1"}"#, "INVALID_REQUEST", 4400, "bad_json"),
        (r#"{"arcp":"1","id":"a","type":"session.hello","payload":{}}"#, "INVALID_REQUEST", 4400, "bad_version"),
        (r#"{"id":"a","type":"session.hello","payload":{}}"#, "INVALID_REQUEST", 4400, "bad_version"),
        (r#"{"arcp":"1.1","type":"session.hello","payload":{}}"#, "INVALID_REQUEST", 4400, "bad_envelope"),
        (r#"{"arcp":"1.1","id":"a","type":"session.hello"}"#, "INVALID_REQUEST", 4400, "bad_envelope"),
        (r#"{"arcp":"1.1","id":"a","type":"session.hello","payload":{}}"#, "INVALID_REQUEST", 4400, "bad_hello"),
        (r#"{"arcp":"1.1","id":"a","type":"session.open","payload":{}}"#, "INVALID_REQUEST", 4400, "not_hello"),
        (r#"{"arcp":"1.1","id":"a","type":"job.submit","payload":{}}"#, "INVALID_REQUEST", 4400, "not_hello"),
        (r#"{"arcp":"1.1","id":"a","type":"session.close","payload":{}}"#, "INVALID_REQUEST", 4400, "not_hello"),
        (&long, "INVALID_REQUEST", 4413, "frame_too_large"),
    ];
    for (text, code, close, reason) in cases {
        let mut world = World::new();
        world.client_says(text);
        assert_eq!(world.end(), ended(code, *close), "{reason}");
        assert_eq!(world.reason(), *reason);
        assert!(world.gate.is_closed() && world.gate.poll_timeout().is_none());
        assert!(!world.is_asked(|action| matches!(action, Action::Authenticate { .. } | Action::Open(_))));
        let told = Envelope::parse(&world.client[0]).unwrap().session_id().unwrap().to_owned();
        assert!(told.starts_with("sess_"), "the TS SDK drops an error without a session id");
        assert_eq!(member(&world.client[0], "message"), "Invalid request");
        assert!(!world.client[0].contains("details"), "the TS SDK refuses a null");
    }
}

#[test]
fn credentials_that_are_missing_ask_nobody() {
    for auth in [
        "null",
        "{}",
        r#"{"scheme":"bearer"}"#,
        r#"{"scheme":"bearer","token":""}"#,
        r#"{"scheme":"bearer","token":null}"#,
        r#"{"token":"tok"}"#,
        r#"{"scheme":"basic","token":"tok"}"#,
        r#"{"scheme":"x-vendor.acme","token":"tok"}"#,
        r#"{"scheme":"x-vendor..key","token":"tok"}"#,
        r#"{"scheme":"bearer ","token":"tok"}"#,
    ] {
        let mut world = World::new();
        let payload = format!(r#"{{"client":{{"name":"c","version":"1"}},"auth":{auth}}}"#);
        world.client_says(&Frame::new("session.hello", ID, &payload).write());
        assert_eq!(world.end(), ended("UNAUTHENTICATED", 4401), "{auth}");
        assert!(!world.is_asked(|action| matches!(action, Action::Authenticate { .. })), "{auth}");
    }
    for scheme in ["bearer", "Bearer", "none", "x-vendor.acme.key", "X-Vendor.Acme.Key"] {
        let mut world = World::new();
        let payload =
            format!(r#"{{"client":{{"name":"c","version":"1"}},"auth":{{"scheme":"{scheme}","token":"tok"}}}}"#);
        world.client_says(&Frame::new("session.hello", ID, &payload).write());
        let expected = scheme.to_ascii_lowercase();
        assert!(
            matches!(&world.done[..], [Action::Authenticate { scheme, .. }] if *scheme == expected),
            "{scheme} is the verifier's matter"
        );
        let has_token = matches!(&world.done[..], [Action::Authenticate { token: Some(_), .. }]);
        assert_eq!(has_token, scheme != "none", "{scheme}: nobody has nothing to show");
    }
}

#[test]
fn what_a_verifier_says() {
    for (error, retryable, code, close) in [
        ("ERR_TOKEN_EXPIRED", false, "UNAUTHENTICATED", 4401),
        ("ERR_TOKEN_SIGNATURE", false, "UNAUTHENTICATED", 4401),
        ("ERR_UNAUTHENTICATED", false, "UNAUTHENTICATED", 4401),
        ("ERR_MINE", false, "UNAUTHENTICATED", 4401),
        ("ERR_TOKEN_SCOPE", false, "PERMISSION_DENIED", 4403),
        ("ERR_JWKS_UNAVAILABLE", true, "INTERNAL_ERROR", 1012),
        ("ERR_MINE", true, "INTERNAL_ERROR", 1012),
        ("ERR_CONFIG", false, "INTERNAL_ERROR", 1012),
        ("ERR_INTERNAL", true, "INTERNAL_ERROR", 1012),
    ] {
        let mut world = World::new();
        world.client_says(&hello("", &[]));
        world.refused(error, retryable);
        assert_eq!(world.end(), ended(code, close), "{error}");
        assert_eq!(member(&world.client[0], "retryable"), (code == "INTERNAL_ERROR").to_string());
        assert!(!world.is_asked(|action| matches!(action, Action::Open(_))));
    }
}

#[test]
fn a_second_frame_before_the_welcome_ends_it() {
    let stages: [fn(&mut World); 4] = [
        |_| {},
        |world| world.authenticated(alice()),
        |world| world.opened(),
        |world| {
            world.upstream_says(&welcome("rtk_1", &[]));
        },
    ];
    for reached in 0..=stages.len() {
        for text in [hello("", &[]), frame("job.submit", "{}"), frame("session.ping", "{}"), "{".to_owned()] {
            let mut world = World::new();
            world.client_says(&hello("", &[]));
            stages[..reached].iter().for_each(|stage| stage(&mut world));
            let before = world.upstream.len();
            world.client_says(&text);
            assert_eq!(world.end(), ended("INVALID_REQUEST", 4400), "{reached}: {text}");
            assert_eq!(world.upstream.len(), before, "nothing of it goes upstream");
            assert_eq!(world.upstream_closed, reached > 1);
        }
    }
}

#[test]
fn what_comes_late_is_nobodys() {
    let mut world = World::new();
    world.client_says(&hello("", &[]));
    world.gate.handle_client_closed(world.time());
    world.drain();
    assert_eq!((world.client.len(), world.closed), (0, Some(1000)));
    world.clear();
    world.authenticated(alice());
    world.refused("ERR_TOKEN_EXPIRED", false);
    world.mac("bWFj");
    world.upstream_says(&welcome("rtk_1", &[]));
    assert!(world.done.is_empty());
    world.opened();
    assert!(matches!(world.done[..], [Action::CloseUpstream]), "a socket that came late is closed");
}

#[test]
fn scopes_decide_who_may_connect() {
    let config = r#"{"arcp":{"scopes":{"connect":["a","b"]}}}"#;
    for (scopes, granted) in [(Some(vec!["a", "b", "c"]), true), (Some(vec!["a"]), false), (None, false)] {
        let mut world = World::with(config, false);
        world.client_says(&hello("", &[]));
        let mut principal = alice();
        if let Some(scopes) = scopes {
            principal = principal.with_scopes(scopes.into_iter().map(str::to_owned).collect());
        }
        world.authenticated(principal);
        assert_eq!(world.is_asked(|action| matches!(action, Action::Open(_))), granted);
        assert_eq!(world.end() == ended("PERMISSION_DENIED", 4403), !granted);
    }
}

#[test]
fn a_runtime_that_refuses_is_translated_and_never_quoted() {
    for (code, resumes, told, close) in [
        ("UNAUTHENTICATED", false, "INTERNAL_ERROR", 1012),
        ("UNAUTHENTICATED", true, "INTERNAL_ERROR", 1012),
        ("PERMISSION_DENIED", false, "PERMISSION_DENIED", 4403),
        ("PERMISSION_DENIED", true, "RESUME_WINDOW_EXPIRED", 1000),
        ("RESUME_WINDOW_EXPIRED", true, "RESUME_WINDOW_EXPIRED", 1000),
        ("RESUME_WINDOW_EXPIRED", false, "INTERNAL_ERROR", 1012),
        ("INVALID_REQUEST", false, "INTERNAL_ERROR", 1012),
        ("whatever", false, "INTERNAL_ERROR", 1012),
    ] {
        let mut world = World::with("{}", resumes);
        let resume = r#","resume":{"session_id":"sess_1","resume_token":"rt","last_event_seq":3}"#;
        world.client_says(&hello(if resumes { resume } else { "" }, &[]));
        world.authenticated(alice());
        world.opened();
        world.upstream_says(&error_frame(code));
        assert_eq!(world.end(), ended(told, close), "{code} {resumes}");
        assert!(!world.client[0].contains("internal words"));
        assert!(world.upstream_closed);
    }
}

#[test]
fn a_runtime_that_breaks_the_protocol() {
    for text in ["{".to_owned(), frame("job.event", "{}"), frame("session.welcome", "{}"), "x".repeat(5_000_000)] {
        let mut world = World::new();
        world.client_says(&hello("", &[]));
        world.authenticated(alice());
        world.opened();
        world.upstream_says(&text);
        assert_eq!(world.end(), ended("INTERNAL_ERROR", 4422), "it will say the same the next time");
        assert_eq!(member(&world.client[0], "retryable"), "false");
        assert!(world.upstream_closed);
    }
}

#[test]
fn what_cannot_be_opened() {
    for (error, code, close) in [
        ("ERR_NETWORK", "INTERNAL_ERROR", 1012),
        ("ERR_CONFIG", "INTERNAL_ERROR", 4422),
        ("ERR_PERMISSION_DENIED", "PERMISSION_DENIED", 4403),
    ] {
        let mut world = World::new();
        world.client_says(&hello("", &[]));
        world.authenticated(alice());
        world.gate.handle_open_failed(error, world.time());
        world.drain();
        assert_eq!(world.end(), ended(code, close), "{error}");
    }
}
