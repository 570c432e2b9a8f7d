//! The ARCP gate.

use arcgate::{
    arcp::gate::{Config, Gate, UpstreamTrust},
    time::{Span, Time},
};

use super::{holds, Input};

const HELLO: &str = r#"{"arcp":"1.1","id":"01J00000000000000000000001","type":"session.hello","payload":{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer","token":"secret"},"capabilities":{"encodings":["json"],"features":["heartbeat"]}}}"#;
const WELCOME: &str = r#"{"arcp":"1.1","id":"01J00000000000000000000002","type":"session.welcome","session_id":"sess_1","payload":{"runtime":{"name":"r","version":"1"},"resume_token":"rt_1","resume_window_sec":600,"heartbeat_interval_sec":30,"capabilities":{"encodings":["json"],"features":["heartbeat"],"agents":[]}}}"#;

fn gate() -> Gate {
    Gate::new(
        Config::from_json("{}").expect("a sound configuration"),
        UpstreamTrust::Untrusted,
        true,
        42,
        Time::from_millis(1000.0),
    )
}

fn principal() -> arcgate::principal::Principal {
    arcgate::auth::custom::principal_from_json(r#"{"kind":"static","id":"alice","labels":{}}"#).expect("a principal")
}

#[test]
fn the_gate_keeps_the_contract() {
    let inputs: Vec<Input<Gate>> = vec![
        (
            1100.0,
            Box::new(|gate, now| {
                gate.handle_client_frame(HELLO, now);
            }),
        ),
        (1200.0, Box::new(|gate, now| gate.handle_principal(principal(), Span::ZERO, false, now))),
        (1300.0, Box::new(|gate, now| gate.handle_opened("bearer", "credential", now))),
        (
            1400.0,
            Box::new(|gate, now| {
                gate.handle_upstream_frame(WELCOME, now);
            }),
        ),
        (1500.0, Box::new(|gate, now| gate.handle_mac(Some("seal"), now))),
        (
            1600.0,
            Box::new(|gate, now| {
                gate.handle_upstream_frame("no frame", now);
            }),
        ),
        (1700.0, Box::new(|gate, now| gate.handle_client_closed(now))),
    ];
    let told = holds(gate, &inputs);
    assert!(told.iter().any(|line| line.contains("ToClient") && line.contains("session.welcome")), "{told:#?}");
}

#[test]
fn so_does_a_gate_whose_client_is_silent() {
    let told = holds(gate, &[(60_000.0, Box::new(|gate, now| gate.handle_client_closed(now)))]);
    assert!(told.iter().any(|line| line.contains("CloseClient")), "{told:#?}");
}

#[test]
fn and_one_whose_session_is_idle_for_an_hour() {
    let inputs: Vec<Input<Gate>> = vec![
        (
            1100.0,
            Box::new(|gate, now| {
                gate.handle_client_frame(HELLO, now);
            }),
        ),
        (1200.0, Box::new(|gate, now| gate.handle_principal(principal(), Span::ZERO, true, now))),
        (3_600_000.0, Box::new(|gate, now| gate.handle_revocation(Some(false), now))),
    ];
    holds(gate, &inputs);
}
