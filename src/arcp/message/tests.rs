use super::*;
use crate::{
    arcp::{features::Features, Envelope, Frame},
    jose::jws::MAX_TOKEN,
};

fn hello(payload: &str) -> Result<Hello, Malformed> {
    Hello::read(&Envelope::parse(&Frame::new("session.hello", "01J", payload).write()).unwrap())
}

#[test]
fn a_hello_goes_both_ways() {
    let text = Hello {
        client: Party { name: "a".into(), version: "1".into() },
        scheme: "bearer".into(),
        token: Some(Secret::new("secret")),
        features: Features::new(["ack"]),
        lists_agents: true,
        resume: Some(Resume { session_id: "sess_1".into(), token: Secret::new("rt_1"), last_event_seq: 7 }),
    }
    .write();
    let read = hello(&text).unwrap();
    assert_eq!(read.client.name, "a");
    assert!(read.token.as_ref().unwrap().matches(b"secret"));
    assert_eq!(read.features, Features::new(["ack"]));
    assert!(read.lists_agents);
    let resume = read.resume.as_ref().unwrap();
    assert_eq!((resume.session_id.as_str(), resume.last_event_seq), ("sess_1", 7));
    assert!(!format!("{read:?}").contains("secret"), "no secret in Debug");
}

#[test]
fn a_hello_is_read_strictly() {
    let client = r#""client":{"name":"a","version":"1"}"#;
    assert!(hello(&format!("{{{client}}}")).unwrap().scheme.is_empty(), "without credentials");
    assert_eq!(hello(r#"{"client":{"name":"a"}}"#).unwrap().client.version, "", "as Go writes it");
    for (rest, member) in [
        (r#","auth":"bearer x""#, "auth"),
        (r#","auth":{"scheme":1}"#, "auth"),
        (r#","auth":{"scheme":"bearer","token":{}}"#, "auth"),
        (r#","capabilities":[]"#, "capabilities"),
        (r#","resume":7"#, "resume"),
        (r#","resume":{"session_id":"s","resume_token":"t"}"#, "last_event_seq"),
        (r#","resume":{"session_id":"s","resume_token":"","last_event_seq":0}"#, "resume_token"),
        (r#","resume":{"session_id":"s","resume_token":"t","last_event_seq":-1}"#, "last_event_seq"),
        (r#","resume":{"last_event_seq":1}"#, "resume_token"),
        (r#","resume":{"session_id":7,"resume_token":"t","last_event_seq":1}"#, "session_id"),
        (r#","resume_token":"t""#, "last_event_seq"),
        (r#","resume_token":"","last_event_seq":1"#, "resume_token"),
        (r#","resume_token":7,"last_event_seq":1"#, "resume_token"),
    ] {
        assert_eq!(hello(&format!("{{{client}{rest}}}")).unwrap_err(), Malformed::Member(member), "{rest}");
    }
    for (rest, session, last) in [
        (r#","resume":{"session_id":"s","resume_token":"t","last_event_seq":2},"resume_token":"x""#, "s", 2),
        (r#","resume":{"token":"t","last_event_seq":2}"#, "", 2),
        (r#","resume":null,"resume_token":"t","last_event_seq":3"#, "", 3),
        (r#","session_id":"s","resume_token":"t","last_event_seq":3"#, "s", 3),
    ] {
        let resume = hello(&format!("{{{client}{rest}}}")).unwrap().resume.unwrap();
        assert_eq!((resume.session_id.as_str(), resume.last_event_seq), (session, last), "{rest}");
        assert!(resume.token.matches(b"t"), "{rest}");
    }
    assert!(hello(&format!(r#"{{{client},"resume_token":null,"last_event_seq":0}}"#)).unwrap().resume.is_none());
    // Part of a resume asks for a session all the same.
    for rest in [
        r#""session_id":"s""#,
        r#""session_id":7"#,
        r#""token":"t""#,
        r#""token":"""#,
        r#""last_event_seq":5"#,
        r#""last_event_seq":"5""#,
        r#""session_id":"s","last_event_seq":5"#,
        r#""resume":null,"session_id":"s","token":"t""#,
    ] {
        let resume = hello(&format!("{{{client},{rest}}}")).unwrap().resume.expect(rest);
        assert!(resume.is_incomplete(), "{rest}");
    }
    let whole = hello(&format!(r#"{{{client},"token":"t","last_event_seq":5}}"#)).unwrap().resume.unwrap();
    assert!(!whole.is_incomplete());
    for rest in [r#""session_id":null"#, r#""last_event_seq":0"#, r#""token":null"#] {
        assert!(hello(&format!("{{{client},{rest}}}")).unwrap().resume.is_none(), "{rest}");
    }
    assert_eq!(hello("{}").unwrap_err(), Malformed::Member("client"));
    let long = format!(r#"{{{client},"auth":{{"scheme":"bearer","token":"{}"}}}}"#, "x".repeat(MAX_TOKEN + 1));
    assert_eq!(hello(&long).unwrap_err(), Malformed::Member("auth"));
}

#[test]
fn a_welcome_goes_both_ways() {
    let text = Welcome {
        runtime: Party { name: "r".into(), version: "1".into() },
        resume_token: Some(Secret::new("rt_1")),
        resume_window_sec: 600.0,
        heartbeat_interval_sec: Some(0.5),
        features: Features::new(["ack"]),
        agents: vec![AgentInfo { name: "echo".into(), versions: vec!["1".into()], default: Some("1".into()) }],
    }
    .write("sess_1", "2026-01-01T00:00:00Z");
    let frame = Frame::new("session.welcome", "01J", &text).of_session("sess_1").write();
    let read = Welcome::read(&Envelope::parse(&frame).unwrap()).unwrap();
    assert_eq!(read.heartbeat_interval_sec, Some(0.5));
    assert_eq!(read.agents[0].default.as_deref(), Some("1"));
}

#[test]
fn agents_may_be_flat_names() {
    let text = r#"{"runtime":{"name":"r","version":"1"},"capabilities":{"agents":["echo",7,{"name":"b"}]}}"#;
    let frame = Frame::new("session.welcome", "01J", text).write();
    let read = Welcome::read(&Envelope::parse(&frame).unwrap()).unwrap();
    assert_eq!(read.agents.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>(), ["echo", "b"]);
    assert!(read.resume_token.is_none() && read.heartbeat_interval_sec.is_none());
}
