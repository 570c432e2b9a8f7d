//! The open session: what passes, what is refused, and what ends it.

use super::*;

const ALL: &[&str] = &["heartbeat", "ack", "list_jobs", "subscribe", "progress"];

#[test]
fn frames_pass_byte_for_byte() {
    let mut world = World::open("{}", false, ALL);
    for kind in [
        "job.submit",
        "job.cancel",
        "job.subscribe",
        "job.unsubscribe",
        "session.ack",
        "session.list_jobs",
        "x-vendor.a.b",
    ] {
        let text = format!(
            " {{\"payload\" : {{\"n\":1.50E+1,\"s\":\"\\u0041\"}}, \"type\":\"{kind}\",\"id\":\"{ID}\",\"arcp\":\"1.1\",\"session_id\":\"sess_1\",\"more\":[]}} "
        );
        assert_eq!(world.client_says(&text), Flow::Forward, "{kind}");
        assert_eq!(world.upstream.last(), Some(&text));
    }
    for kind in ["job.accepted", "job.event", "job.result", "session.jobs", "something.new", "session.error"] {
        let text = format!(
            "{{\"arcp\":\"1.1\", \"id\":\"{ID}\",\"type\":\"{kind}\",\"session_id\":\"sess_1\",\"payload\":{{}}}}"
        );
        assert_eq!(world.upstream_says(&text), Flow::Forward, "{kind}");
        assert_eq!(world.client.last(), Some(&text));
    }
    assert!(world.done.is_empty());
}

#[test]
fn frames_that_end_the_session() {
    let long = frame("job.submit", &format!(r#"{{"x":"{}"}}"#, "x".repeat(1_048_576)));
    let foreign = Frame::new("job.submit", ID, "{}").of_session("sess_2").write();
    let without = Frame::new("job.submit", ID, "{}").write();
    let cases: Vec<(String, u16, &str)> = vec![
        ("{".into(), 4400, "bad_json"),
        (
            r#"{"arcp":"1.1","id":"a","type":"t","payload":{"a":1,"a":1},"session_id":"sess_1"}"#.into(),
            4400,
            "bad_json",
        ),
        (frame("job.submit", "{}").replace("1.1", "1.0"), 4400, "bad_version"),
        (r#"{"arcp":"1.1","id":"a","type":"job.submit","session_id":"sess_1"}"#.into(), 4400, "bad_envelope"),
        (hello("", &[]), 4400, "second_hello"),
        (frame("session.hello", "{}"), 4400, "second_hello"),
        (frame("session.resume", "{}"), 4400, "second_hello"),
        (foreign, 4400, "session_id"),
        (without, 4400, "session_id"),
        (long, 4413, "frame_too_large"),
    ];
    for (text, close, reason) in cases {
        let mut world = World::open("{}", false, ALL);
        assert_eq!(world.client_says(&text), Flow::Drain);
        assert_eq!(world.end(), ended("INVALID_REQUEST", close), "{reason}");
        assert_eq!(world.reason(), reason);
        assert!(world.upstream.is_empty() && world.upstream_closed);
        assert_eq!(Envelope::parse(&world.client[0]).unwrap().session_id(), Some("sess_1"));
    }
    let mut world = World::open("{}", false, ALL);
    world.gate.handle_client_binary(world.time());
    world.drain();
    assert_eq!(world.end(), ended("INVALID_REQUEST", 4400));
}

#[test]
fn frames_that_are_refused_and_the_session_goes_on() {
    let mut world = World::open("{}", false, &["ack"]);
    for kind in ["session.list_jobs", "job.subscribe", "job.unsubscribe", "job.event", "session.welcome", "made.up"] {
        world.clear();
        assert_eq!(world.client_says(&frame(kind, "{}")), Flow::Drain, "{kind}");
        assert_eq!(world.kinds(), ["session.error"]);
        assert_eq!(member(&world.client[0], "code"), "INVALID_REQUEST");
        assert_eq!(member(&world.client[0], "request_id"), ID);
        assert!(world.upstream.is_empty() && world.closed.is_none());
    }
    let mut world = World::open("{}", false, &[]);
    assert_eq!(world.client_says(&frame("session.ack", "{}")), Flow::Drain);
    assert!(world.done.is_empty(), "an ack nobody agreed on says nothing");
}

#[test]
fn submitting_needs_its_scopes() {
    let config = r#"{"arcp":{"scopes":{"submit":["jobs"]}}}"#;
    for (scopes, granted) in [(vec!["jobs".to_owned()], true), (vec![], false)] {
        let mut world = World::with(config, true);
        world.client_says(&hello("", ALL));
        world.authenticated(alice().with_scopes(scopes));
        world.opened();
        world.upstream_says(&welcome("rt", ALL));
        world.clear();
        let flow = world.client_says(&frame("job.submit", "{}"));
        assert_eq!(flow == Flow::Forward, granted);
        if !granted {
            assert_eq!(member(&world.client[0], "code"), "PERMISSION_DENIED");
        }
        assert_eq!(world.client_says(&frame("session.list_jobs", "{}")), Flow::Forward);
    }
}

#[test]
fn a_goodbye_is_answered_and_passed_on_as_every_runtime_knows_it() {
    let mut world = World::open("{}", false, ALL);
    world.client_says(&frame("session.close", r#"{"reason":"done"}"#));
    assert_eq!(world.kinds(), ["session.closed"]);
    assert_eq!(world.kinds_upstream(), ["session.bye"]);
    assert_eq!(member(&world.upstream[0], "reason"), "done");
    assert_eq!((world.closed, world.upstream_closed), (Some(1000), true));
    assert_eq!(world.log[0].outcome, Outcome::Completed);

    let mut world = World::open("{}", false, ALL);
    // v1.0 §6.4: without a session id.
    world.client_says(&Frame::new("session.bye", ID, "{}").write());
    assert_eq!(member(&world.upstream[0], "reason"), "client_closed", "the Python SDK's runtime demands one");
    assert!(world.client.is_empty(), "after a bye there is no further message");
    assert_eq!(world.closed, Some(1000));
}

#[test]
fn a_client_that_goes_away_leaves_its_session_to_be_resumed() {
    let mut world = World::open("{}", false, ALL);
    world.gate.handle_client_closed(world.time());
    world.drain();
    assert!(world.upstream.is_empty(), "no goodbye in its name");
    assert!(world.upstream_closed);
    assert_eq!(world.reason(), "client_gone");
}

#[test]
fn a_runtime_that_goes_away() {
    for (trusted, code, close) in [
        (false, 1000, 1012),
        (false, 4409, 1012),
        (true, 4409, 4409),
        (true, 4429, 4429),
        (true, 4400, 4400),
        (true, 4413, 4413),
        (false, 4413, 1012),
        (true, 1006, 1012),
    ] {
        let mut world = World::open("{}", trusted, ALL);
        world.gate.handle_upstream_closed(code, world.time());
        world.drain();
        assert_eq!(world.closed, Some(close), "{trusted} {code}");
        assert_eq!(world.end().0.as_deref(), (close == 1012).then_some("INTERNAL_ERROR"));
    }
    for kind in ["session.closed", "session.bye"] {
        let mut world = World::open("{}", false, ALL);
        assert_eq!(world.upstream_says(&frame(kind, "{}")), Flow::Drain, "there is a deadline to set a timer for");
        assert_eq!(world.client, [frame(kind, "{}")]);
        world.gate.handle_upstream_closed(1000, world.time());
        world.drain();
        assert_eq!((world.kinds(), world.closed), (vec![kind.to_owned()], Some(1000)));
    }
    // It has said goodbye, and stays.
    let mut world = World::open("{}", false, ALL);
    world.upstream_says(&frame("session.closed", "{}"));
    world.pass(3_000);
    world.upstream_says(&frame("session.closed", "{}"));
    world.pass(1_999);
    assert!(world.closed.is_none());
    world.pass(1);
    assert_eq!((world.closed, world.upstream_closed), (Some(1000), true));
}

#[test]
fn a_runtime_that_breaks_the_protocol() {
    for (text, close) in [
        (frame("session.welcome", "{}"), 4422),
        (frame("session.hello", "{}"), 4422),
        (frame("session.error", r#"{"code":"UNAUTHENTICATED","message":"internal words","retryable":false}"#), 1012),
    ] {
        let mut world = World::open("{}", false, ALL);
        world.upstream_says(&text);
        assert_eq!(world.end(), ended("INTERNAL_ERROR", close), "{text}");
        assert_eq!(member(&world.client[0], "retryable"), if close == 1012 { "true" } else { "false" });
        assert!(!world.client[0].contains("internal words"));
    }
}

#[test]
fn half_a_character_passes_as_it_is() {
    let mut world = World::open("{}", false, ALL);
    let body = r#"{"kind":"result_chunk","body":{"data":"two \ud83d","\ude00":"\ude00\ud83d\ude00"}}"#;
    let event = Frame { event_seq: Some(1), ..Frame::new("job.event", ID, body) };
    let text = event.of_session("sess_1").write();
    assert_eq!(world.upstream_says(&text), Flow::Forward);
    assert_eq!(world.client.last(), Some(&text));
    let text = frame("job.submit", r#"{"agent":"a","input":"\ud83d"}"#);
    assert_eq!(world.client_says(&text), Flow::Forward, "what it thinks of it is the runtime's to say");
    // Nor is it mended where the session's id is: no other byte changes.
    let other = event.of_session("sess_0").write();
    assert_eq!(world.upstream_says(&other), Flow::Drain);
    assert_eq!(world.client.last(), Some(&event.of_session("sess_1").write()));
}

#[test]
fn a_request_that_is_too_deep_is_refused_by_its_name() {
    for (input, reason) in
        [("[".repeat(80) + &"]".repeat(80), "too_deep"), (format!("[{}1]", "1,".repeat(530_000)), "frame_too_large")]
    {
        let mut world = World::open("{}", false, ALL);
        let text = frame("job.submit", &format!(r#"{{"agent":"a","input":{input}}}"#));
        assert_eq!(world.client_says(&text), Flow::Drain);
        let details = member(&world.client[0], "details");
        if reason == "too_deep" {
            assert!(details.contains(reason) && details.contains("32"), "{details}");
            assert_eq!((member(&world.client[0], "request_id").as_str(), world.closed), (ID, None));
            assert_eq!(world.client_says(&frame("job.submit", "{}")), Flow::Forward, "the session goes on");
        } else {
            // What is over the limit is not looked at: it hears its size.
            assert!(details.contains(reason) && details.contains(&text.len().to_string()), "{details}");
            assert_eq!(world.closed, Some(4413));
        }
    }
    // Not ours: an end, as before.
    let mut world = World::open("{}", false, ALL);
    world.client_says(&Frame::new("job.submit", ID, &("[".repeat(80) + &"]".repeat(80))).of_session("sess_2").write());
    assert_eq!(world.end(), ended("INVALID_REQUEST", 4400));
}

#[test]
fn a_jobs_id_is_written_where_each_runtime_looks_for_it() {
    for trusted in [true, false] {
        let mut world = World::open("{}", trusted, ALL);
        world.client_says(&frame("job.cancel", r#"{"job_id":"job_1","reason":"x"}"#));
        world.client_says(
            &Frame::new("job.cancel", ID, r#"{"reason":"x"}"#).of_session("sess_1").of_job("job_1").write(),
        );
        for text in &world.upstream {
            assert_eq!(Envelope::parse(text).unwrap().job_id(), Some("job_1"), "{text}");
            assert_eq!((member(text, "job_id").as_str(), member(text, "reason").as_str()), ("job_1", "x"), "{text}");
        }
        assert_eq!(world.upstream.len(), 2);
        world.client_says(
            &Frame::new("job.cancel", ID, r#"{"job_id":"job_2"}"#).of_session("sess_1").of_job("job_1").write(),
        );
        assert_eq!((world.upstream.len(), world.kinds()), (2, vec!["session.error".to_owned()]), "two jobs are none");
    }
}

#[test]
fn a_frame_under_another_session_gets_ours() {
    let mut world = World::open("{}", false, ALL);
    // The Python SDK's runtime answers a repeated submit under the session of the first.
    let text =
        r#"{"arcp":"1.1","id":"a","type":"job.accepted","session_id":"sess_0","payload":{"job_id":"j","n":1.0}}"#;
    world.upstream_says(text);
    world.upstream_says(r#"{"arcp":"1.1","id":"a","type":"session.error","payload":{"code":"JOB_NOT_FOUND"}}"#);
    assert_eq!(
        world.client,
        [
            r#"{"arcp":"1.1","id":"a","type":"job.accepted","session_id":"sess_1","payload":{"job_id":"j","n":1.0}}"#,
            r#"{"arcp":"1.1","id":"a","type":"session.error","payload":{"code":"JOB_NOT_FOUND"},"session_id":"sess_1"}"#,
        ]
    );
}

#[test]
fn the_end_of_a_job_that_is_known_goes_on_as_it_is() {
    for code in ["JOB_NOT_FOUND", "PERMISSION_DENIED"] {
        let payload = format!(r#"{{"final_status":"error","code":"{code}","retryable":true,"details":{{"cron":7}}}}"#);
        let end = frame("job.error", &payload).replace(r#""payload""#, r#""event_seq":3,"job_id":"job_1","payload""#);
        for shown in ["job.accepted", "job.subscribed", "job.event"] {
            let mut world = World::open("{}", false, ALL);
            world.upstream_says(&frame(shown, r#"{"job_id":"job_1"}"#));
            world.client_says(&frame("job.cancel", r#"{"job_id":"job_1"}"#));
            assert_eq!(world.upstream_says(&end), Flow::Forward, "{shown} {code}");
            assert_eq!(world.client.last(), Some(&end));
        }
    }
}

#[test]
fn the_log_counts_what_passed() {
    let mut world = World::open("{}", false, ALL);
    world.client_says(&frame("job.submit", "{}"));
    world.upstream_says(&frame("job.event", "{}"));
    world.upstream_says(&frame("job.result", "{}"));
    world.now += 1234;
    world.gate.handle_client_closed(world.time());
    world.drain();
    let line = &world.log[0];
    assert_eq!((line.kind, line.session.as_deref()), ("arcp.session", Some("sess_1")));
    assert_eq!(line.duration, Some(Span::from_millis(1234)));
    let traffic = line.traffic.unwrap();
    assert_eq!((traffic.from_client.0, traffic.from_upstream.0), (1, 2));
}
