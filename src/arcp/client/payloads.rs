//! The payloads of the messages that this side sends of itself, as JSON.

use crate::{json::Members, time::Time};

/// `session.close`, `session.bye`
pub(super) fn reason(reason: &str) -> String {
    Members::new().text("reason", reason).end()
}

/// `job.cancel`. The Python SDK demands a reason; some read the id on the envelope, others here.
pub(super) fn cancel(job_id: &str, reason: &str) -> String {
    Members::new().text("job_id", job_id).text("reason", reason).end()
}

/// `job.unsubscribe`
pub(super) fn job(job_id: &str) -> String {
    Members::new().text("job_id", job_id).end()
}

/// `job.subscribe`, to what comes from now on.
pub(super) fn subscribe(job_id: &str) -> String {
    Members::new().text("job_id", job_id).boolean("history", false).end()
}

/// `job.subscribe`, to what has come after this number, too.
pub(super) fn subscribe_from(job_id: &str, seq: i64) -> String {
    Members::new().text("job_id", job_id).integer("from_event_seq", seq).boolean("history", true).end()
}

/// `session.list_jobs`, for the page at this cursor.
pub(super) fn page(cursor: &str) -> String {
    Members::new().text("cursor", cursor).end()
}

/// `session.ack`
pub(super) fn ack(last_seq: i64) -> String {
    Members::new().integer("last_processed_seq", last_seq).end()
}

/// `session.ping`
pub(super) fn ping(nonce: &str, now: Time) -> String {
    Members::new().text("nonce", nonce).text("sent_at", &now.to_rfc3339()).end()
}

/// `session.pong`
pub(super) fn pong(nonce: &str, now: Time) -> String {
    Members::new().text("ping_nonce", nonce).text("received_at", &now.to_rfc3339()).end()
}
