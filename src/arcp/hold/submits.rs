//! Submits that wait for their answers. Some runtimes don't say which one an answer is for; an answer that may come twice has to.

use std::collections::VecDeque;

use crate::{
    arcp::{skim, Envelope},
    json::{self, Members, Value},
};

const MOST: usize = 64;

/// The submits of a session that were sent on: `id` and `trace_id`, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Submits(VecDeque<(String, Option<String>)>);

impl Submits {
    /// A submit is sent on.
    pub(super) fn note(&mut self, submit: &Envelope<'_>) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((submit.id().to_owned(), submit.trace_id().map(str::to_owned)));
    }

    /// An answer, with the `request_id` that it lacks, if there is no doubt which it is.
    pub(super) fn answered(&mut self, answer: &Envelope<'_>, text: &str) -> Option<String> {
        if let Some(id) = answer.get("request_id").and_then(Value::as_str) {
            self.0.retain(|(own, _)| own != id);
            return None;
        }
        if answer.kind() != "job.accepted" {
            // It may be the refusal of the only one.
            if matches!(answer.kind(), "session.error" | "job.error") && self.0.len() == 1 {
                self.0.clear();
            }
            return None;
        }
        let trace_id = answer.trace_id().or_else(|| answer.get("trace_id").and_then(Value::as_str));
        let of_trace = self.0.iter().position(|(_, own)| own.is_some() && own.as_deref() == trace_id);
        let (id, _) = self.0.remove(of_trace.or_else(|| (self.0.len() == 1).then_some(0))?)?;
        let mut payload = Members::new();
        for (name, value) in answer.payload()?.iter() {
            payload = payload.value(name, value);
        }
        let payload = payload.raw("request_id", &json::string(&id)).end();
        Some(skim::with_member(text, "payload", &payload))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arcp::Frame;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn submits(list: &[(&str, Option<&str>)]) -> Submits {
        let mut submits = Submits::default();
        for (id, trace_id) in list {
            let text = Frame { trace_id: *trace_id, ..Frame::new("job.submit", id, "{}") }.write();
            submits.note(&Envelope::parse(&text).unwrap());
        }
        submits
    }

    fn answer(submits: &mut Submits, kind: &str, payload: &str, trace_id: Option<&str>) -> Option<String> {
        let text = Frame { trace_id, ..Frame::new(kind, "01J", payload) }.write();
        let answered = submits.answered(&Envelope::parse(&text).unwrap(), &text);
        answered.map(|text| Envelope::parse(&text).unwrap().get("request_id").unwrap().as_str().unwrap().to_owned())
    }

    #[test]
    fn an_answer_is_named_where_there_is_no_doubt() {
        let two = || submits(&[("a", None), ("b", Some(TRACE))]);
        let accepted = r#"{"job_id":"job_1"}"#;
        assert_eq!(answer(&mut two(), "job.accepted", accepted, None), None, "of one of two");
        assert_eq!(answer(&mut two(), "job.accepted", accepted, Some(TRACE)).as_deref(), Some("b"));
        let mut named = two();
        assert_eq!(answer(&mut named, "job.accepted", r#"{"request_id":"b"}"#, None), None, "it says so itself");
        assert_eq!(answer(&mut named, "job.accepted", accepted, None).as_deref(), Some("a"));
        let mut refused = submits(&[("a", None)]);
        assert_eq!(answer(&mut refused, "session.error", r#"{"code":"DUPLICATE_KEY"}"#, None), None);
        assert_eq!(answer(&mut refused, "job.accepted", accepted, None), None);
    }
}
