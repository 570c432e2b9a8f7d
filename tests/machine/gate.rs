//! The ARCP gate.

use arcgate::sans_io::{
    arcp::gate::{Config, Gate, UpstreamTrust},
    principal::Principal,
    time::{Span, Time},
};

use super::{driver::holds, Input};

pub(crate) const HELLO: &str = r#"{"arcp":"1.1","id":"01J00000000000000000000001","type":"session.hello","payload":{"client":{"name":"c","version":"1"},"auth":{"scheme":"bearer","token":"secret"},"capabilities":{"encodings":["json"],"features":["heartbeat"]}}}"#;
const WELCOME: &str = r#"{"arcp":"1.1","id":"01J00000000000000000000002","type":"session.welcome","session_id":"sess_1","payload":{"runtime":{"name":"r","version":"1"},"resume_token":"rt_1","resume_window_sec":600,"heartbeat_interval_sec":30,"capabilities":{"encodings":["json"],"features":["heartbeat"],"agents":[]}}}"#;

pub(crate) fn gate() -> Gate {
    Gate::new(
        Config::from_json("{}").expect("a sound configuration").into(),
        UpstreamTrust::Untrusted,
        true,
        42,
        Time::from_millis(1000.0),
    )
}

pub(crate) fn principal() -> Principal {
    arcgate::sans_io::auth::custom::principal_from_json(r#"{"kind":"static","id":"alice","labels":{}}"#)
        .expect("a principal")
}

pub(crate) fn at(millis: f64, input: impl Fn(&mut Gate, Time) + 'static) -> Input<Gate> {
    (millis, Box::new(input))
}

fn client_frame(millis: f64, text: &'static str) -> Input<Gate> {
    at(millis, move |gate, now| _ = gate.handle_client_frame(text, now))
}

fn upstream_frame(millis: f64, text: &'static str) -> Input<Gate> {
    at(millis, move |gate, now| _ = gate.handle_upstream_frame(text, now))
}

/// A client has said hello.
pub(crate) fn greeted() -> Vec<Input<Gate>> {
    vec![client_frame(1100.0, HELLO)]
}

/// Its principal is known.
pub(crate) fn verified(is_revocable: bool) -> Vec<Input<Gate>> {
    let mut inputs = greeted();
    inputs.push(at(1200.0, move |gate, now| gate.handle_principal(principal(), Span::ZERO, is_revocable, now)));
    inputs
}

/// Frames go both ways.
pub(crate) fn open() -> Vec<Input<Gate>> {
    let mut inputs = verified(false);
    inputs.push(at(1300.0, |gate, now| gate.handle_opened("bearer", "credential", now)));
    inputs.push(upstream_frame(1400.0, WELCOME));
    inputs.push(at(1500.0, |gate, now| gate.handle_mac(Some("seal"), now)));
    inputs
}

#[test]
fn the_gate_keeps_the_contract() {
    let mut inputs = open();
    inputs.push(upstream_frame(1600.0, "no frame"));
    inputs.push(at(1700.0, |gate, now| gate.handle_client_closed(now)));
    holds(
        gate,
        &inputs,
        &[
            "0: Authenticate",
            "100: Open",
            "200: ToUpstream(session.hello)",
            "300: Mac",
            "400: Audit(ok) ToClient(session.welcome)",
            "500: ToClient(session.error) CloseClient CloseUpstream Audit(upstream_malformed)",
        ],
    );
}

#[test]
fn so_does_a_gate_whose_client_is_silent() {
    holds(
        gate,
        &[at(1000.0, |_, _| {}), at(60_000.0, |gate, now| gate.handle_client_closed(now))],
        &["10000: ToClient(session.error) CloseClient Audit(hello_timeout)"],
    );
}

#[test]
fn and_one_whose_upstream_never_opens() {
    let mut inputs = verified(true);
    inputs.push(at(3_600_000.0, |gate, now| gate.handle_revocation(Some(false), now)));
    holds(
        gate,
        &inputs,
        &[
            "0: Authenticate",
            "100: Open",
            "10100: ToClient(session.error) CloseClient CloseUpstream Audit(upstream_timeout)",
        ],
    );
}

#[test]
fn and_one_that_asks_whether_its_client_may_still_be_here() {
    let mut inputs = verified(true);
    inputs.push(at(1300.0, |gate, now| gate.handle_opened("bearer", "credential", now)));
    inputs.push(at(1310.0, |gate, now| gate.handle_revocation(Some(false), now)));
    inputs.push(upstream_frame(1400.0, WELCOME));
    inputs.push(at(1500.0, |gate, now| gate.handle_mac(Some("seal"), now)));
    inputs.push(at(1510.0, |gate, now| gate.handle_revocation(Some(false), now)));
    // Each side is asked for a sign of life, and gives none.
    inputs.push(at(200_000.0, |gate, now| gate.handle_revocation(Some(true), now)));
    holds(
        gate,
        &inputs,
        &[
            "0: Authenticate",
            "100: Open",
            "200: CheckRevocation",
            "210: ToUpstream(session.hello)",
            "300: Mac",
            "400: CheckRevocation",
            "410: Audit(ok) ToClient(session.welcome)",
            "4410: CheckRevocation",
            "18410: CheckRevocation",
            "30410: ToClient(session.ping) ToUpstream(session.ping)",
            "32410: CheckRevocation",
            "42410: ToClient(session.error) CloseClient CloseUpstream Audit(revocation_unknown)",
        ],
    );
}
