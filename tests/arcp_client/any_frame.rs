//! Frames with members of the right names, and whatever in them.

use proptest::prelude::*;

/// Frames with members of the right names, and whatever in them.
pub(super) fn any_frame() -> impl Strategy<Value = String> {
    let kinds = vec![
        "job.event",
        "job.result",
        "job.error",
        "job.accepted",
        "job.subscribed",
        "job.cancelled",
        "session.jobs",
        "session.ping",
        "session.error",
        "session.welcome",
        "session.closed",
        "odd",
    ];
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("\"job_1\"".to_owned()),
        Just("\"success\"".to_owned()),
        Just("\"result_chunk\"".to_owned()),
        Just("[{\"job_id\":\"job_1\",\"status\":\"running\"}]".to_owned()),
        Just("{\"result_id\":\"r\",\"chunk_seq\":0,\"data\":\"\",\"encoding\":\"utf8\",\"more\":true}".to_owned()),
        ".{0,20}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let names = vec![
        "kind",
        "body",
        "final_status",
        "result",
        "result_id",
        "job_id",
        "request_id",
        "code",
        "details",
        "jobs",
        "next_cursor",
        "nonce",
        "message",
        "retryable",
        "trace_id",
        "runtime",
        "capabilities",
        "resume_token",
    ];
    let members = prop::collection::btree_map(prop::sample::select(names), value, 0..8);
    let seq = prop_oneof![Just(None), (0i64..40).prop_map(Some), any::<i64>().prop_map(Some)];
    (prop::sample::select(kinds), members, seq, any::<bool>()).prop_map(|(kind, members, seq, has_job)| {
        let members: Vec<_> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let mut text = format!(r#"{{"arcp":"1.1","id":"x","type":"{kind}","payload":{{{}}}"#, members.join(","));
        if let Some(seq) = seq {
            text.push_str(&format!(r#","event_seq":{seq}"#));
        }
        text.push_str(if has_job { r#","job_id":"job_1"}"# } else { "}" });
        text
    })
}
