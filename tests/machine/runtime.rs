//! The embedded runtime.

use arcgate::sans_io::{
    arcp::{
        runtime::{Hub, Unwritten},
        Frame,
    },
    machine::Machine as _,
    time::Time,
};

use super::{
    driver::{holds, output_of},
    Input,
};

fn hub(has_policy: bool) -> Hub {
    Hub::new(&format!(r#"{{"agents":["echo"],"policy":{has_policy}}}"#), 42).expect("a sound configuration")
}

fn at(millis: f64, input: impl Fn(&mut Hub, Time) + 'static) -> Input<Hub> {
    (millis, Box::new(input))
}

fn hello(millis: f64, conn: u32, who: &str, reports_credit: bool) -> Input<Hub> {
    let principal = format!(r#"{{\"kind\":\"static\",\"id\":\"{who}\",\"labels\":{{}}}}"#);
    let features = r#"["ack","list_jobs","subscribe","lease_expires_at"]"#;
    let payload = format!(
        r#"{{"client":{{"name":"c","version":"1"}},"auth":{{"scheme":"x-vendor.arcgate.principal","token":"{principal}"}},"capabilities":{{"encodings":["json"],"features":{features}}}}}"#
    );
    let text = Frame::new("session.hello", "01J", &payload).write();
    at(millis, move |hub, now| hub.handle_hello(conn, &text, &[7; 32], reports_credit, now))
}

fn frame(millis: f64, conn: u32, session: &str, kind: &str, job: Option<&str>, payload: &str) -> Input<Hub> {
    let mut frame = Frame::new(kind, "01J", payload).of_session(session);
    frame.job_id = job;
    let text = frame.write();
    at(millis, move |hub, now| hub.handle_frame(conn, &text, now))
}

fn event(millis: f64, job: &str) -> Input<Hub> {
    long_event(millis, job, 1)
}

fn long_event(millis: f64, job: &str, length: usize) -> Input<Hub> {
    let job = job.to_owned();
    let event = format!(r#"{{"kind":"log","body":{{"level":"info","message":"{}"}}}}"#, "m".repeat(length));
    at(millis, move |hub, now| hub.handle_event(&job, &event, now))
}

/// What stands after the mark in the last line that has it: an id that the hub chose.
fn chosen(inputs: &[Input<Hub>], mark: &str) -> String {
    let told = output_of(&mut hub(false), inputs);
    let (_, rest) = told.iter().rev().find_map(|line| line.split_once(mark)).expect("something was chosen");
    rest.split(['"', '\\']).next().expect("an id").to_owned()
}

fn session(inputs: &[Input<Hub>]) -> String {
    chosen(inputs, r#"\"session_id\":\""#)
}

/// A job is asked for; gives its id.
fn submit(inputs: &mut Vec<Input<Hub>>, millis: f64, session: &str, more: &str) -> String {
    let payload = format!(r#"{{"agent":"echo","input":1{more}}}"#);
    inputs.push(frame(millis, 1, session, "job.submit", None, &payload));
    chosen(inputs, r#"Run { job: ""#)
}

#[test]
fn the_hub_keeps_the_contract() {
    let inputs = [
        hello(1000.0, 1, "alice", false),
        at(1100.0, |hub, now| hub.handle_frame(1, "no frame", now)),
        at(1200.0, |hub, now| hub.handle_closed(1, now)),
        at(1300.0, |hub, now| hub.handle_hello(2, "no hello", &[8; 32], true, now)),
        // Past the time in which the session can be taken up again.
        hello(2_000_000.0, 3, "alice", false),
    ];
    holds(
        || hub(false),
        &inputs,
        &[
            "0: Send(session.welcome)",
            "100: Send(session.error) Close",
            "300: Send(session.error) Close",
            "1999000: Send(session.welcome)",
        ],
    );
}

#[test]
fn so_does_one_whose_agents_work() {
    let mut inputs = vec![hello(1000.0, 1, "alice", false)];
    let alice = session(&inputs);
    let first = submit(&mut inputs, 1100.0, &alice, "");
    inputs.extend([event(1110.0, &first), event(1120.0, &first)]);
    let ended = first.clone();
    inputs.push(at(1130.0, move |hub, now| hub.handle_output(&ended, Some("[1]"), now)));
    let second = submit(&mut inputs, 1200.0, &alice, "");
    inputs.push(at(1210.0, move |hub, now| hub.handle_failure(&second, "INTERNAL_ERROR", Some("no"), now)));
    let third = submit(&mut inputs, 1300.0, &alice, "");
    let payload = format!(r#"{{"job_id":"{third}","reason":"enough"}}"#);
    inputs.push(frame(1310.0, 1, &alice, "job.cancel", Some(&third), &payload));
    inputs.push(at(1320.0, move |hub, now| hub.handle_abort(&third, now)));
    let fourth = submit(&mut inputs, 1400.0, &alice, "");
    inputs.push(at(1410.0, move |hub, now| hub.handle_unwritten(&fourth, Unwritten::default(), true, now)));
    // Nobody tells of the fifth: its time ends, and then the time of an agent that doesn't obey.
    submit(&mut inputs, 1500.0, &alice, r#","max_runtime_sec":2"#);
    inputs.push(event(60_000.0, "nobody's"));
    holds(
        || hub(false),
        &inputs,
        &[
            "0: Send(session.welcome)",
            "100: Audit(ok) Send(job.accepted) Run",
            "110: Send(job.event)",
            "120: Send(job.event)",
            "130: Send(job.result) Audit(ok)",
            "200: Audit(ok) Send(job.accepted) Run",
            "210: Send(job.error) Audit(INTERNAL_ERROR)",
            "300: Audit(ok) Send(job.accepted) Run",
            "310: Audit(ok) Send(job.cancelled) Abort(cancelled)",
            "320: Send(job.error) Audit(cancelled)",
            "400: Audit(ok) Send(job.accepted) Run",
            "410: Send(job.error) Audit(INTERNAL_ERROR)",
            "500: Audit(ok) Send(job.accepted) Run",
            "2500: Abort(timeout) Send(job.error) Audit(timeout)",
        ],
    );
}

#[test]
fn so_does_one_whose_policy_is_asked_and_whose_reader_is_slow() {
    let mut inputs = vec![hello(1000.0, 1, "alice", false)];
    let alice = session(&inputs);
    inputs.push(hello(1010.0, 2, "bob", true));
    let bob = session(&inputs);
    let job = submit(&mut inputs, 1100.0, &alice, "");
    let payload = format!(r#"{{"job_id":"{job}"}}"#);
    for (question, allowed) in [(1u32, false), (2, true)] {
        let asked = 1200.0 + f64::from(question) * 10.0;
        inputs.push(frame(asked, 2, &bob, "job.subscribe", Some(&job), &payload));
        inputs.push(at(asked + 5.0, move |hub, now| hub.handle_policy_answer(question, &[allowed], now)));
    }
    // More than is sent to one who hasn't read what came before.
    inputs.extend((0..8u32).map(|turn| long_event(1300.0 + f64::from(turn), &job, 60_000)));
    inputs.push(at(1400.0, |hub, now| hub.handle_credit(2, 4, now)));
    inputs.push(at(1500.0, |hub, now| hub.handle_credit(2, 4, now)));
    holds(
        || hub(true),
        &inputs,
        &[
            "0: Send(session.welcome)",
            "10: Send(session.welcome)",
            "100: Audit(ok) Send(job.accepted) Run",
            "210: AskPolicy",
            "215: Audit(JOB_NOT_FOUND) Send(session.error)",
            "220: AskPolicy",
            "225: Audit(ok) Send(job.subscribed)",
            "300: 2xSend(job.event)",
            "301: 2xSend(job.event)",
            "302: 2xSend(job.event)",
            "303: 2xSend(job.event)",
            "304: 2xSend(job.event)",
            "305: Send(job.event)",
            "306: Send(job.event)",
            "307: Send(job.event)",
            "400: Send(job.event)",
            "500: 2xSend(job.event)",
        ],
    );
}

#[test]
fn one_that_goes_on_with_what_is_stored_writes_first_and_all_at_once() {
    let row = r#"[["sess_1","{\"kind\":\"static\",\"id\":\"alice\",\"labels\":{}}","ack",0,"HASH",null,0,0,null,0],["sess_2"]]"#;
    let row = row.replace("HASH", &"0".repeat(64));
    let inputs = [
        at(1000.0, move |hub, _| hub.handle_stored_rows("session", &row)),
        at(1000.0, |hub, _| hub.handle_stored_log("sess_1", 1, 1, "no row")),
        at(1000.0, |hub, _| assert!(!hub.handle_reattached(1, "sess_3 paced"))),
        at(1000.0, |hub, now| hub.handle_restored(now)),
        hello(2000.0, 1, "bob", false),
        at(3000.0, |hub, now| hub.handle_closed(1, now)),
    ];
    let new = || Hub::new(r#"{"agents":["echo"],"storage":true}"#, 42).expect("a sound configuration");
    let words =
        |told: &[String]| told.iter().filter_map(|line| line.split(['(', ' ']).next().map(str::to_owned)).collect();
    let told: Vec<String> = words(&output_of(&mut new(), &inputs));
    assert_eq!(told, ["Store", "Audit", "Audit", "Store", "Store", "Send", "Attach", "Store"]);
    let mut late = new();
    for (millis, input) in &inputs {
        input(&mut late, Time::from_millis(*millis));
    }
    let told: Vec<String> = late.drain_actions().iter().map(|action| format!("{action:?}")).collect();
    let told: Vec<String> = words(&told);
    assert_eq!(told, ["Store", "Audit", "Audit", "Send"]);
}
