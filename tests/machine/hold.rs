//! Sessions that are held for an upstream. What is stored is what has changed, so a driver that fetches late stores less.

use arcgate::sans_io::{
    arcp::{hold::Hold, Frame},
    time::Time,
};

use super::{
    driver::{holds, holds_in_time},
    Input,
};

fn hold() -> Hold {
    Hold::new("{}", 42).expect("a sound configuration")
}

fn at(millis: f64, input: impl Fn(&mut Hold, Time) + 'static) -> Input<Hold> {
    (millis, Box::new(input))
}

fn hello(conn: u32, resume: &str) -> String {
    hello_of("static", conn, resume)
}

fn hello_of(kind: &str, conn: u32, resume: &str) -> String {
    let principal = format!(r#"{{\"kind\":\"{kind}\",\"id\":\"alice\",\"labels\":{{}}}}"#);
    let payload = format!(
        r#"{{"client":{{"name":"c","version":"1"}},"auth":{{"scheme":"x-vendor.arcgate.principal","token":"{principal}"}},"capabilities":{{"encodings":["json"],"features":["ack","subscribe"]}}{resume}}}"#
    );
    Frame::new("session.hello", &format!("01J{conn}"), &payload).write()
}

fn come(millis: f64, conn: u32, resume: &str) -> Input<Hold> {
    let text = hello(conn, resume);
    at(millis, move |hold, now| hold.handle_hello(conn, &text, Some("tok"), &[7; 32], true, now))
}

fn upstream(millis: f64, link: u32, kind: &str, seq: Option<i64>, payload: &str) -> Input<Hold> {
    let frame = Frame { event_seq: seq, ..Frame::new(kind, "01J", payload) };
    let text = frame.of_session("sess_1").of_job("job_1").write();
    at(millis, move |hold, now| hold.handle_upstream_frame(link, &text, now))
}

fn client(millis: f64, conn: u32, kind: &str, payload: &str) -> Input<Hold> {
    let text = Frame::new(kind, "01J", payload).of_session("sess_1").write();
    at(millis, move |hold, now| hold.handle_frame(conn, &text, now))
}

const WELCOME: &str = r#"{"runtime":{"name":"r","version":"1"},"resume_token":"rtk_1","resume_window_sec":600,"heartbeat_interval_sec":30,"capabilities":{"features":["heartbeat","ack","subscribe"]}}"#;
const EVENT: &str = r#"{"kind":"log","ts":"2026-01-01T00:00:00Z","body":{"level":"info","message":"m"}}"#;

fn resume(last: i64) -> String {
    let token = format!("rt_{}", "07".repeat(32));
    format!(r#","resume":{{"session_id":"sess_1","resume_token":"{token}","last_event_seq":{last}}}"#)
}

#[test]
fn a_hold_keeps_the_contract() {
    let inputs = [
        come(1000.0, 1, ""),
        at(1010.0, |hold, now| hold.handle_dialled(1, "bearer", "up", now)),
        upstream(1020.0, 1, "session.welcome", None, WELCOME),
        client(1030.0, 1, "job.submit", r#"{"agent":"echo"}"#),
        upstream(1040.0, 1, "job.accepted", None, r#"{"job_id":"job_1","agent":"echo","lease":{}}"#),
        upstream(1050.0, 1, "job.event", Some(1), EVENT),
        at(1060.0, |hold, now| hold.handle_credit(1, 3, now)),
        at(1070.0, |hold, now| hold.handle_closed(1, now)),
        upstream(1080.0, 1, "job.event", Some(2), EVENT),
        come(1090.0, 2, &resume(1)),
        client(1100.0, 2, "job.subscribe", r#"{"job_id":"job_1"}"#),
        client(1110.0, 2, "session.ack", r#"{"last_processed_seq":2}"#),
        // Two intervals without a word, and a ping in each.
        at(62_000.0, |hold, now| hold.handle_dialled(2, "bearer", "up", now)),
        upstream(62_010.0, 2, "session.welcome", None, WELCOME),
        come(62_020.0, 3, &resume(2)),
        at(62_030.0, |hold, now| hold.handle_upstream_binary(2, now)),
        at(62_040.0, |hold, now| hold.handle_upstream_closed(2, now)),
        at(62_050.0, |hold, now| hold.handle_dial_failed(3, "ERR_NETWORK", now)),
        come(62_060.0, 4, &resume(3)),
        at(62_070.0, |hold, now| hold.handle_dialled(4, "bearer", "up", now)),
        upstream(62_080.0, 4, "session.welcome", None, WELCOME),
        client(62_090.0, 4, "session.bye", "{}"),
    ];
    holds_in_time(
        hold,
        &inputs,
        &[
            "0: Dial",
            "10: ToUpstream(session.hello)",
            "20: Store Audit(ok) ToClient(session.welcome)",
            "30: ToUpstream(job.submit)",
            "40: Store(job.accepted) ToClient(job.accepted)",
            "50: Store(job.event) ToClient(job.event)",
            "70: Store",
            "80: Store(job.event)",
            "90: Store ToClient(session.welcome) Audit(ok) ToClient(job.event)",
            "100: Store ToClient(job.subscribed)",
            "30030: ToUpstream(session.ping)",
            "60030: ToUpstream(session.ping)",
            "60080: Store CloseUpstream Audit(upstream_lost) CloseClient Dial",
            "61000: ToUpstream(session.hello)",
            "61010: Store",
            "61020: Store ToClient(session.welcome) Audit(ok)",
            "61030: Store ToClient",
            "61040: Store CloseUpstream Audit(upstream_lost) CloseClient Dial",
            "61050: CloseUpstream",
            "61060: Store Dial",
            "61070: ToUpstream(session.hello)",
            "61080: Store ToClient(session.welcome) Audit(ok)",
            "61090: Store Audit(client_closed) ToUpstream(session.bye) CloseUpstream",
        ],
    );
}

#[test]
fn so_does_one_that_wakes() {
    let stored = format!(
        r#"{{"owner":{{"kind":"static","id":"alice","labels":{{}}}},"hello":{{"client":{{"name":"c","version":"1"}},"auth":{{"scheme":"bearer"}},"capabilities":{{"features":["ack"]}}}},"welcome":{WELCOME},"token":"{}","shown":0,"isOver":false,"last":1,"at":1,"freed":0,"answered":0,"upLast":1,"upOwn":1,"repeats":false}}"#,
        "ab".repeat(32)
    );
    let event = Frame { event_seq: Some(1), ..Frame::new("job.event", "01J", EVENT) };
    let log = format!("1 1 1 {}", event.of_session("sess_1").of_job("job_1").write());
    let inputs = [
        at(1000.0, move |hold, _| assert!(hold.handle_stored_session("sess_1", &stored))),
        at(1001.0, |hold, _| assert!(!hold.handle_stored_session("sess_2", "{}"))),
        at(1002.0, |hold, _| {
            assert!(hold.handle_stored_job("sess_1", "job_1", r#"{"agent":"echo","lease":{},"last":1}"#));
        }),
        at(1003.0, move |hold, _| assert!(hold.handle_stored_log("sess_1", &log))),
        at(1004.0, |hold, _| assert!(!hold.handle_stored_log("sess_2", "1 1 1 {}"))),
        at(1010.0, |hold, now| hold.handle_restored(now)),
        at(1020.0, |hold, now| hold.handle_dial_failed(1, "ERR_TOKEN_REVOKED", now)),
        at(700_000.0, |hold, now| hold.handle_closed(9, now)),
    ];
    holds_in_time(hold, &inputs, &["10: Store Dial", "600010: Store Audit(window_over)"]);
}

#[test]
fn who_was_revoked_while_away_is_shown_nowhere_until_back() {
    let inputs = [
        come(1000.0, 1, ""),
        at(1010.0, |hold, now| hold.handle_dialled(1, "bearer", "up", now)),
        upstream(1020.0, 1, "session.welcome", None, WELCOME),
        at(1030.0, |hold, now| hold.handle_closed(1, now)),
        at(1040.0, |hold, now| hold.handle_revoked(1, now)),
        at(1050.0, |hold, now| hold.handle_revoked(1, now)),
        come(1060.0, 2, &resume(0)),
    ];
    holds_in_time(
        hold,
        &inputs,
        &[
            "0: Dial",
            "10: ToUpstream(session.hello)",
            "20: Store Audit(ok) ToClient(session.welcome)",
            "30: Store",
            "40: Audit(revoked) CloseUpstream",
            "60: Store Dial",
        ],
    );
}

#[test]
fn who_is_nobody_in_particular_is_not_awaited_and_who_leaves_early_opens_nothing() {
    let nobody = hello_of("anonymous", 1, "");
    let inputs = [
        at(1000.0, move |hold, now| hold.handle_hello(1, &nobody, None, &[7; 32], false, now)),
        at(1010.0, |hold, now| hold.handle_dialled(1, "bearer", "up", now)),
        upstream(1020.0, 1, "session.welcome", None, WELCOME),
        upstream(1030.0, 1, "job.event", Some(1), EVENT),
        at(1040.0, |hold, now| hold.handle_closed(1, now)),
        come(1050.0, 2, ""),
        at(1060.0, |hold, now| hold.handle_closed(2, now)),
        at(1070.0, |hold, now| hold.handle_dialled(2, "bearer", "up", now)),
    ];
    let told = holds(
        hold,
        &inputs,
        &[
            "0: Dial",
            "10: ToUpstream(session.hello)",
            "20: Audit(ok) ToClient(session.welcome)",
            "30: ToClient(job.event)",
            "40: Audit(client_gone) ToUpstream(session.bye) CloseUpstream",
            "50: Dial",
            "60: Audit(client_gone) CloseUpstream",
            "70: CloseUpstream",
        ],
    );
    assert!(!told.iter().any(|line| line.starts_with("Store")), "nothing of them is kept");
}
