//! What an application asks of the ARCP client, and connections that are not to be had.

use super::client::{at, frame, job, keeps, session};

#[test]
fn a_client_that_asks_for_all_there_is_keeps_the_contract() {
    let mut inputs = session(None);
    inputs.extend(job());
    inputs.extend([
        at(1300.0, |client, now| _ = client.handle_list("{}", now)),
        at(1305.0, |client, now| client.handle_frame(1, &frame("session.jobs", "", r#"{"jobs":[]}"#), now)),
        at(1310.0, |client, now| _ = client.handle_subscribe("job_2", r#"{"job_id":"job_2"}"#, now)),
        at(1320.0, |client, now| client.handle_frame(1, &frame("job.subscribed", "", r#"{"job_id":"job_2"}"#), now)),
        at(1330.0, |client, now| _ = client.handle_cancel(1, "enough", now)),
        at(1340.0, |client, now| client.handle_unsubscribe(2, now)),
        at(1350.0, |client, now| _ = client.handle_submit(r#"{"agent":"echo"}"#, None, false, now)),
        at(1360.0, |client, now| client.handle_abandon(5, now)),
        at(1370.0, |client, now| client.handle_broken_frame(1, "{", now)),
        at(1380.0, |client, now| client.handle_close("done", now)),
        at(30_000.0, |client, now| client.handle_wake_hint(now)),
    ]);
    keeps(
        &inputs,
        &[
            "0: Connect Connecting",
            "101: Send(session.hello)",
            "102: 2xOpen",
            "200: Send(job.submit)",
            "210: Accept",
            "230: Deliver(text)",
            "240: Deliver(text)",
            "300: Send(session.list_jobs)",
            "305: Answer",
            "310: Send(job.subscribe)",
            "320: Accept",
            "330: Send(job.cancel)",
            "340: Send(job.unsubscribe) Fail",
            "350: Send(job.submit)",
            "370: Close(protocol) Reconnecting(a)",
            "380: Close Refuse Fail Closed(done)",
        ],
    );
}

#[test]
fn so_does_one_whose_source_of_tokens_fails() {
    let mut inputs = session(None);
    inputs.extend([
        at(2000.0, |client, now| client.handle_closed(1, 1006, true, now)),
        // Past the longest first pause, and the longest second.
        at(4000.0, |client, now| client.handle_token_failure(2, true, now)),
        at(9000.0, |client, now| client.handle_token_failure(3, false, now)),
    ]);
    keeps(
        &inputs,
        &[
            "0: Connect Connecting",
            "101: Send(session.hello)",
            "102: 2xOpen",
            "1000: Reconnecting(the)",
            "1434: Connect Connecting",
            "3000: Reconnecting(no)",
            "3218: Connect Connecting",
            "8000: Close Closed(no)",
        ],
    );
}

#[test]
fn so_does_one_whose_source_has_no_other_token() {
    let mut inputs = session(Some(1000.0 + 60_000.0));
    inputs.push(at(2000.0, |client, now| client.handle_token_unchanged(2, now)));
    inputs.push(at(59_000.0, |client, now| client.handle_token_unchanged(2, now)));
    inputs.push(at(62_000.0, |client, now| client.handle_close("done", now)));
    keeps(
        &inputs,
        &[
            "0: Connect Connecting",
            "101: Send(session.hello)",
            "102: 2xOpen",
            "30102: Send(session.ping)",
            "46353: Connect",
            "58000: Close",
            "59000: Connect",
            "60102: Close(HEARTBEAT_LOST) Close Connect Reconnecting(nothing) Connecting",
            "61000: 2xClose Closed(done)",
        ],
    );
}
