//! How the ARCP gate's sessions end: each input that can end one, and what comes of it, in its order.

use arcgate::sans_io::{arcp::gate::Gate, time::Time};

use super::{
    driver::holds,
    gate::{at, gate, greeted, open, principal, verified},
    Input,
};

/// What came before these ends.
const GREETED: &[&str] = &["0: Authenticate"];
const VERIFIED: &[&str] = &["0: Authenticate", "100: Open"];
const OPEN: &[&str] = &[
    "0: Authenticate",
    "100: Open",
    "200: ToUpstream(session.hello)",
    "300: Mac",
    "400: Audit(ok) ToClient(session.welcome)",
];

/// A session that this input ends; what comes of it is the last that is told.
fn ends(mut inputs: Vec<Input<Gate>>, before: &[&str], input: impl Fn(&mut Gate, Time) + 'static, last: &str) {
    inputs.push(at(2000.0, input));
    // It is over: nothing comes after it.
    inputs.push(at(2100.0, |gate, now| gate.handle_client_closed(now)));
    holds(gate, &inputs, &[before, &[last]].concat());
}

#[test]
fn before_the_hello() {
    ends(
        vec![],
        &[],
        |gate, now| gate.handle_crowded_out(now),
        "0: ToClient(session.error) CloseClient Audit(too_many_silent)",
    );
    ends(
        vec![],
        &[],
        |gate, now| gate.handle_client_binary(now),
        "0: ToClient(session.error) CloseClient Audit(binary_frame)",
    );
    ends(
        vec![],
        &[],
        |gate, now| gate.handle_client_oversized(1_000_000, now),
        "0: ToClient(session.error) CloseClient Audit(frame_too_large)",
    );
}

#[test]
fn before_the_principal_is_known() {
    ends(
        greeted(),
        GREETED,
        |gate, now| gate.handle_refused("ERR_TOKEN_EXPIRED", false, now),
        "900: ToClient(session.error) CloseClient Audit(ERR_TOKEN_EXPIRED)",
    );
    ends(
        greeted(),
        GREETED,
        |gate, now| gate.handle_too_many_connections(principal(), 8, now),
        "900: ToClient(session.error) CloseClient Audit(too_many_connections)",
    );
    ends(
        greeted(),
        GREETED,
        |gate, now| gate.handle_too_many_requests(principal(), now),
        "900: ToClient(session.error) CloseClient Audit(too_many_requests)",
    );
    ends(
        greeted(),
        GREETED,
        |gate, now| gate.handle_failure(now),
        "900: ToClient(session.error) CloseClient Audit(internal)",
    );
}

#[test]
fn before_the_upstream_is_open() {
    ends(
        verified(false),
        VERIFIED,
        |gate, now| gate.handle_open_failed("ERR_NETWORK", now),
        "900: ToClient(session.error) CloseClient CloseUpstream Audit(upstream_unreachable)",
    );
}

#[test]
fn by_the_client_of_an_open_session() {
    ends(
        open(),
        OPEN,
        |gate, now| gate.handle_client_overflow(now),
        "900: CloseClient CloseUpstream Audit(client_too_slow)",
    );
    ends(
        open(),
        OPEN,
        |gate, now| gate.handle_client_flood(now),
        "900: CloseClient CloseUpstream Audit(client_too_fast)",
    );
    ends(open(), OPEN, |gate, now| gate.handle_displaced(now), "900: CloseClient CloseUpstream Audit(displaced)");
}

#[test]
fn by_the_upstream_of_an_open_session() {
    ends(
        open(),
        OPEN,
        |gate, now| gate.handle_upstream_binary(now),
        "900: ToClient(session.error) CloseClient CloseUpstream Audit(upstream_binary_frame)",
    );
    ends(
        open(),
        OPEN,
        |gate, now| gate.handle_upstream_oversized("{", 100_000_000, now),
        "900: ToClient(session.error) CloseClient CloseUpstream Audit(upstream_frame_too_large)",
    );
    ends(
        open(),
        OPEN,
        |gate, now| gate.handle_upstream_closed(1001, now),
        "900: ToClient(session.error) CloseClient CloseUpstream Audit(upstream_lost)",
    );
    ends(
        open(),
        OPEN,
        |gate, now| gate.handle_upstream_overflow(now),
        "900: CloseClient CloseUpstream Audit(upstream_too_slow)",
    );
}
