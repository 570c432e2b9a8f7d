//! Whether a job exists is not for strangers (ARCP 1.1 §6.6). Some upstream runtimes answer a job that one may not see otherwise
//! than one that isn't there; the gate makes one answer of both.

use std::collections::VecDeque;

use crate::{
    arcp::{ArcpCode, Envelope},
    json::{Members, Value},
};

/// Requests whose answers are watched for; of more the oldest is forgotten.
const MAX_PENDING: usize = 64;

/// Jobs that the client has asked about, and that nothing has answered yet.
#[derive(Debug, Default)]
pub(super) struct PendingLookups {
    subscribes: VecDeque<String>,
    cancels: VecDeque<String>,
}

impl PendingLookups {
    /// A frame of the client that is sent on.
    pub(super) fn note(&mut self, frame: &Envelope<'_>) {
        let list = match frame.kind() {
            "job.subscribe" => &mut self.subscribes,
            "job.cancel" => &mut self.cancels,
            _ => return,
        };
        let Some(job) = job_of(frame) else { return };
        if list.len() >= MAX_PENDING {
            list.pop_front();
        }
        list.push_back(job.to_owned());
    }

    /// A frame from upstream: the frame in whose place it stands, if it would tell too much.
    pub(super) fn answer(&mut self, frame: &Envelope<'_>) -> Option<String> {
        if self.subscribes.is_empty() && self.cancels.is_empty() {
            return None;
        }
        let code = frame.get("code").and_then(Value::as_str).and_then(ArcpCode::from_name);
        let tells = matches!(code, Some(ArcpCode::PermissionDenied | ArcpCode::JobNotFound));
        match frame.kind() {
            "job.subscribed" => {
                take(&mut self.subscribes, frame);
                None
            }
            "job.cancelled" | "job.result" => {
                take(&mut self.cancels, frame);
                None
            }
            "job.error" => {
                let is_asked = take(&mut self.subscribes, frame) | take(&mut self.cancels, frame);
                (is_asked && tells).then(|| not_found(frame))
            }
            // It need not say which request it answers: the first, then.
            "session.error" if tells => self.subscribes.pop_front().map(|_| not_found(frame)),
            _ => None,
        }
    }
}

fn job_of<'e>(frame: &'e Envelope<'_>) -> Option<&'e str> {
    frame.job_id().or_else(|| frame.get("job_id").and_then(Value::as_str))
}

fn take(list: &mut VecDeque<String>, frame: &Envelope<'_>) -> bool {
    let at = job_of(frame).and_then(|job| list.iter().position(|asked| asked == job));
    at.and_then(|at| list.remove(at)).is_some()
}

/// The same frame as the answer for a job that isn't there. What the runtime says of it in its own words goes.
fn not_found(frame: &Envelope<'_>) -> String {
    let code = ArcpCode::JobNotFound;
    let mut payload = Members::new()
        .text("code", code.as_str())
        .text("message", code.message())
        .boolean("retryable", code.is_retryable());
    for name in ["final_status", "request_id", "completed_at"] {
        if let Some(value) = frame.get(name) {
            payload = payload.value(name, value);
        }
    }
    let mut members = Members::new();
    for (name, value) in frame.members().filter(|(name, _)| *name != "payload") {
        members = members.value(name, value);
    }
    members.raw("payload", &payload.end()).end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arcp::Frame;

    fn answer(asked: &mut PendingLookups, kind: &str, payload: &str) -> Option<String> {
        let text = Frame::new(kind, "01J", payload).of_session("sess_1").write();
        asked.answer(&Envelope::parse(&text).unwrap())
    }

    fn note(asked: &mut PendingLookups, kind: &str, job: &str) {
        let payload = Members::new().text("job_id", job).end();
        let text = Frame::new(kind, "01J", &payload).write();
        asked.note(&Envelope::parse(&text).unwrap());
    }

    #[test]
    fn a_job_of_another_and_no_job_are_one_answer() {
        let mut asked = PendingLookups::default();
        let denied = r#"{"code":"PERMISSION_DENIED","message":"not authorized for job_1","retryable":false}"#;
        let unknown = r#"{"code":"JOB_NOT_FOUND","message":"no job job_2","retryable":false,"details":null}"#;
        assert_eq!(answer(&mut asked, "session.error", denied), None, "nothing was asked");
        note(&mut asked, "job.subscribe", "job_1");
        note(&mut asked, "job.subscribe", "job_2");
        let one = answer(&mut asked, "session.error", denied).unwrap();
        let other = answer(&mut asked, "session.error", unknown).unwrap();
        assert_eq!(one, other);
        assert!(one.contains("\"JOB_NOT_FOUND\"") && !one.contains("job_1"));
        assert_eq!(answer(&mut asked, "session.error", denied), None, "both are hello_answered");
    }

    #[test]
    fn what_is_granted_or_about_something_else_passes() {
        let mut asked = PendingLookups::default();
        note(&mut asked, "job.subscribe", "job_1");
        assert_eq!(answer(&mut asked, "session.error", r#"{"code":"INVALID_REQUEST"}"#), None);
        assert_eq!(answer(&mut asked, "job.subscribed", r#"{"job_id":"job_1"}"#), None);
        assert_eq!(answer(&mut asked, "session.error", r#"{"code":"PERMISSION_DENIED"}"#), None);
        note(&mut asked, "job.cancel", "job_1");
        assert_eq!(answer(&mut asked, "job.error", r#"{"job_id":"job_2","code":"PERMISSION_DENIED"}"#), None);
        assert!(answer(&mut asked, "job.error", r#"{"job_id":"job_1","code":"PERMISSION_DENIED"}"#).is_some());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut asked = PendingLookups::default();
        for number in 0..1000 {
            note(&mut asked, "job.cancel", &number.to_string());
        }
        assert_eq!(asked.cancels.len(), MAX_PENDING);
    }

    #[test]
    fn a_lookup_that_was_answered_is_over_and_an_error_answers_both_of_a_job() {
        let mut asked = PendingLookups::default();
        let denied = r#"{"job_id":"job_1","code":"PERMISSION_DENIED"}"#;
        for kind in ["job.cancelled", "job.result"] {
            note(&mut asked, "job.cancel", "job_1");
            assert_eq!(answer(&mut asked, kind, r#"{"job_id":"job_1"}"#), None);
            assert_eq!(answer(&mut asked, "job.error", denied), None, "{kind}");
        }
        note(&mut asked, "job.cancel", "job_1");
        note(&mut asked, "job.subscribe", "job_1");
        assert!(answer(&mut asked, "job.error", denied).is_some());
        assert_eq!(answer(&mut asked, "job.error", denied), None);
    }
}
