//! The ARCP client.

use arcgate::sans_io::{
    arcp::client::{Client, Output, Reader},
    time::Time,
};

use super::{
    driver::{holds, holds_drained_by, Drained},
    Input,
};

const OPTIONS: &str = r#"{"client":{"name":"c","version":"1"},"scheme":"bearer","canRenew":true}"#;
const SUBMIT: &str = r#"{"agent":"echo","idempotency_key":"k"}"#;

pub(crate) fn client() -> Client {
    Client::new(OPTIONS, 42).expect("sound options")
}

pub(crate) fn at(millis: f64, input: impl Fn(&mut Client, Time) + 'static) -> Input<Client> {
    (millis, Box::new(input))
}

pub(crate) fn frame(kind: &str, more: &str, payload: &str) -> String {
    let head = r#""arcp":"1.1","id":"01J00000000000000000000001","session_id":"sess_1""#;
    format!(r#"{{{head},"type":"{kind}"{more},"payload":{payload}}}"#)
}

fn welcome(token: &str) -> String {
    let features = r#"["heartbeat","ack","list_jobs","subscribe"]"#;
    let payload = format!(
        r#"{{"runtime":{{"name":"r","version":"1"}},"resume_token":"{token}","resume_window_sec":600,"heartbeat_interval_sec":30,"capabilities":{{"features":{features},"agents":["echo"]}}}}"#
    );
    frame("session.welcome", "", &payload)
}

fn event(seq: u32) -> String {
    let number = format!(r#","job_id":"job_1","event_seq":{seq}"#);
    frame("job.event", &number, r#"{"kind":"log","ts":"2026-01-01T00:00:00Z","body":{}}"#)
}

/// Holds the client to the contract, and to what comes out of it where actions and events are fetched in one order.
pub(crate) fn keeps(inputs: &[Input<Client>], expected: &[&str]) -> Vec<String> {
    let in_one_order = |client: &mut Client| {
        let mut drained = Drained::default();
        while let Some(output) = client.poll_output() {
            match output {
                Output::Action(action) => drained.actions.push(format!("{action:?}")),
                Output::Event(event) => drained.events.push(format!("{event:?}")),
            }
        }
        drained
    };
    holds_drained_by(client, inputs, &in_one_order);
    holds(client, inputs, expected)
}

/// A connection is made, and welcome.
fn connects(millis: f64, conn: u32, ends: Option<f64>) -> Vec<Input<Client>> {
    vec![
        at(millis, move |client, now| client.handle_dialing(conn, now)),
        at(millis + 1.0, move |client, now| {
            client.handle_opened(conn, Some("token"), ends.map(Time::from_millis), now);
        }),
        at(millis + 2.0, move |client, now| client.handle_frame(conn, &welcome(&format!("rt_{conn}")), now)),
    ]
}

pub(crate) fn session(ends: Option<f64>) -> Vec<Input<Client>> {
    let mut inputs = vec![at(1000.0, |client, now| client.handle_start(now))];
    inputs.extend(connects(1100.0, 1, ends));
    inputs
}

/// A job is asked for, accepted and read; two of its events come.
pub(crate) fn job() -> Vec<Input<Client>> {
    vec![
        at(1200.0, |client, now| {
            client.handle_submit(SUBMIT, None, true, now);
        }),
        at(1210.0, |client, now| client.handle_frame(1, &frame("job.accepted", "", r#"{"job_id":"job_1"}"#), now)),
        at(1220.0, |client, now| client.handle_reader(1, Reader::Events, now)),
        at(1230.0, |client, now| client.handle_frame(1, &event(1), now)),
        at(1240.0, |client, now| client.handle_frame(1, &event(2), now)),
        at(1250.0, |client, now| client.handle_read(1, 2, now)),
    ]
}

fn count(told: &[String], words: &[&str]) -> usize {
    told.iter().filter(|line| words.iter().all(|word| line.contains(word))).count()
}

#[test]
fn the_client_keeps_the_contract() {
    let mut inputs = session(None);
    inputs.extend(job());
    inputs.push(at(2000.0, |client, now| client.handle_closed(1, 1006, true, now)));
    // Past the longest first pause.
    inputs.extend(connects(3000.0, 2, None));
    inputs.push(at(3100.0, |client, now| client.handle_frame(2, &event(2), now)));
    inputs.push(at(3110.0, |client, now| client.handle_frame(2, &event(3), now)));
    let end = frame("job.result", r#","job_id":"job_1","event_seq":4"#, r#"{"final_status":"success","result":1}"#);
    inputs.push(at(3120.0, move |client, now| client.handle_frame(2, &end, now)));
    inputs.push(at(3200.0, |client, now| client.handle_close("done", now)));
    inputs.push(at(3210.0, |client, now| client.handle_closed(2, 1000, true, now)));
    let told = keeps(
        &inputs,
        &[
            "0: Connect Connecting",
            "101: Send(session.hello)",
            "102: 2xOpen",
            "200: Send(job.submit)",
            "210: Accept",
            "230: Deliver(text)",
            "240: Deliver(text)",
            "430: Send(session.ack)",
            "1000: Reconnecting(the)",
            "1260: Connect Connecting",
            "2001: Send(session.hello)",
            "2002: Open Send(session.list_jobs) Resumed",
            "2110: Deliver(text)",
            "2120: Finish",
            "2200: Send(session.close)",
            "2210: 2xClose Closed(done)",
        ],
    );
    assert_eq!(count(&told, &["Deliver"]), 3, "each event once: {told:#?}");
    assert_eq!(count(&told, &["Send", "session.hello", "last_event_seq\\\":2"]), 1, "{told:#?}");
    assert_eq!(count(&told, &["Resumed"]), 1, "{told:#?}");
    assert_eq!(count(&told, &["Finish"]), 1, "{told:#?}");
    assert_eq!(count(&told, &["Closed", "is_wanted: true"]), 1, "{told:#?}");
}

#[test]
fn so_does_one_whose_token_ends() {
    let ends = 1000.0 + 60_000.0;
    let mut inputs = session(Some(ends));
    inputs.extend(job());
    // The runtime is heard until the second connection is there, and the first has made way for it.
    let pong = frame("session.pong", "", r#"{"ping_nonce":"p"}"#);
    inputs.push(at(31_200.0, move |client, now| client.handle_frame(1, &pong, now)));
    inputs.push(at(48_000.0, |client, now| client.handle_dialing(2, now)));
    inputs.push(at(48_100.0, move |client, now| {
        client.handle_opened(2, Some("fresh"), Some(Time::from_millis(ends + 60_000.0)), now);
    }));
    inputs.push(at(48_200.0, |client, now| client.handle_closed(1, 1000, true, now)));
    inputs.push(at(48_300.0, |client, now| client.handle_frame(2, &welcome("rt_2"), now)));
    let told = keeps(
        &inputs,
        &[
            "0: Connect Connecting",
            "101: Send(session.hello)",
            "102: 2xOpen",
            "200: Send(job.submit)",
            "210: Accept",
            "230: Deliver(text)",
            "240: Deliver(text)",
            "430: Send(session.ack)",
            "30430: Send(session.ping)",
            "46353: Connect",
            "47100: Close",
            "47200: Send(session.hello)",
            "47300: Open Send(session.list_jobs) TokenRefreshed",
        ],
    );
    assert_eq!(count(&told, &["Connect", "conn: 2", "outlast: Some"]), 1, "{told:#?}");
    assert_eq!(count(&told, &["TokenRefreshed"]), 1, "{told:#?}");
}

#[test]
fn and_one_whose_runtime_falls_silent() {
    let mut inputs = session(None);
    inputs.push(at(120_000.0, |client, now| client.handle_wake_hint(now)));
    let told = keeps(
        &inputs,
        &[
            "0: Connect Connecting",
            "101: Send(session.hello)",
            "102: 2xOpen",
            "30102: Send(session.ping)",
            "60102: Close(HEARTBEAT_LOST) Connect Reconnecting(nothing) Connecting",
        ],
    );
    assert!(count(&told, &["Close", "HEARTBEAT_LOST"]) == 1 && count(&told, &["Reconnecting"]) == 1, "{told:#?}");
}
