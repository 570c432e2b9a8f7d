//! Whose an answer is.

use super::{Kind, Request, Requests};
use crate::{
    arcp::{
        client::fault::{reference, Fault},
        ArcpCode, Envelope,
    },
    json::Value,
};

impl Requests {
    /// Takes out the request whose frame was too large: the one of this size, if it is known, or the largest. Whoever refuses a
    /// frame for its size reads none after it: what was sent behind it is as good as not sent.
    pub(in crate::sans_io::arcp::client) fn too_large(&mut self, size: Option<usize>) -> Option<Request> {
        let sent = || self.list.iter().enumerate().filter(|(_, request)| request.is_sent);
        let exact = sent().find(|(_, request)| Some(request.size) == size);
        let (at, _) = exact.or_else(|| sent().max_by_key(|(_, request)| request.size))?;
        let found = self.list.remove(at);
        for request in self.list.iter_mut().filter(|request| request.is_sent && request.order > found.order) {
            request.is_sent = false;
            request.due = None;
        }
        Some(found)
    }

    /// Takes out the request of this kind that an answer is for: by the id that it names, by `also`, or the oldest.
    pub(in crate::sans_io::arcp::client) fn answered(
        &mut self,
        kind: Kind,
        envelope: &Envelope<'_>,
        also: impl Fn(&Request) -> bool,
    ) -> Option<Request> {
        let of_kind = |request: &Request| request.kind == kind && request.is_sent;
        if let Some(id) = reference(envelope) {
            // It names a request: that one, or none that still waits.
            let found = self.take(|request| of_kind(request) && request.is_named(id));
            self.are_named |= found.is_some();
            return found;
        }
        let named = |request: &Request| of_kind(request) && request.is_named(envelope.id());
        if let Some(found) = self.take(named) {
            return Some(found);
        }
        if let Some(found) = self.take(|request| of_kind(request) && also(request)) {
            return Some(found);
        }
        self.take(of_kind)
    }

    /// Takes out the request that a refusal is for.
    pub(in crate::sans_io::arcp::client) fn refused(
        &mut self,
        envelope: &Envelope<'_>,
        fault: &Fault,
    ) -> Option<Request> {
        let sent = |request: &Request| request.is_sent;
        if let Some(id) = reference(envelope) {
            return self.take(|request| sent(request) && request.is_named(id));
        }
        if let Some(found) = self.take(|request| sent(request) && request.is_named(envelope.id())) {
            return Some(found);
        }
        if let Some(trace_id) = envelope.trace_id() {
            if let Some(found) = self.take(|request| sent(request) && request.trace_id.as_deref() == Some(trace_id)) {
                return Some(found);
            }
        }
        let job_id = envelope.job_id().or_else(|| envelope.get("job_id").and_then(Value::as_str));
        if let Some(job_id) = job_id {
            if let Some(found) = self.take(|request| sent(request) && request.job_id.as_deref() == Some(job_id)) {
                return Some(found);
            }
        }
        let kinds: &[Kind] = match fault.peer_code.as_deref().and_then(ArcpCode::from_name) {
            Some(
                ArcpCode::AgentNotAvailable
                | ArcpCode::AgentVersionNotAvailable
                | ArcpCode::DuplicateKey
                | ArcpCode::LeaseSubsetViolation
                | ArcpCode::LeaseExpired
                | ArcpCode::BudgetExhausted,
            ) => &[Kind::Submit],
            Some(ArcpCode::JobNotFound) => &[Kind::Subscribe, Kind::Cancel],
            _ => &[Kind::Submit, Kind::List, Kind::Subscribe],
        };
        let oldest = self.take(|request| sent(request) && kinds.contains(&request.kind));
        oldest.or_else(|| self.take(|request| sent(request) && request.kind == Kind::Cancel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arcp::Frame;

    fn requests(kinds: &[Kind]) -> Requests {
        let mut requests = Requests::default();
        for kind in kinds {
            let number = requests.number();
            requests.add(Request {
                id: number.to_string(),
                trace_id: Some(format!("{number:032}")),
                job_id: Some(format!("job_{number}")),
                is_sent: true,
                size: number as usize,
                order: number.into(),
                attempts: 1,
                ..Request::new(number, *kind, "{}")
            });
        }
        requests
    }

    fn refused(requests: &mut Requests, payload: &str) -> Option<u32> {
        let frame = Frame::new("session.error", "E", payload).write();
        let envelope = Envelope::parse(&frame).unwrap();
        let fault = Fault::of(envelope.payload());
        requests.refused(&envelope, &fault).map(|request| request.number)
    }

    #[test]
    fn a_refusal_finds_its_request() {
        use Kind::{Cancel, List, Submit, Subscribe};
        let mut all = requests(&[Cancel, List, Submit, Subscribe, Submit, List]);
        assert_eq!(refused(&mut all, r#"{"code":"INVALID_REQUEST","details":{"request_id":"6"}}"#), Some(6));
        assert_eq!(
            refused(&mut all, r#"{"code":"INVALID_REQUEST","request_id":"6"}"#),
            None,
            "it is not there any more"
        );
        assert_eq!(refused(&mut all, r#"{"code":"AGENT_NOT_AVAILABLE"}"#), Some(3));
        assert_eq!(refused(&mut all, r#"{"code":"JOB_NOT_FOUND","job_id":"job_1"}"#), Some(1));
        assert_eq!(refused(&mut all, r#"{"code":"JOB_NOT_FOUND"}"#), Some(4));
        assert_eq!(refused(&mut all, r#"{"code":"PERMISSION_DENIED"}"#), Some(2));
        assert_eq!(refused(&mut all, r#"{"code":"INTERNAL_ERROR"}"#), Some(5));
        assert_eq!(refused(&mut all, r#"{"code":"INTERNAL_ERROR"}"#), None);
    }

    #[test]
    fn who_is_too_large_is_found_by_its_size() {
        let mut all = requests(&[Kind::Submit, Kind::Submit, Kind::List]);
        assert_eq!(all.too_large(Some(2)).unwrap().number, 2);
        assert!(all.iter().any(|request| request.number == 1 && request.is_sent));
        assert!(all.iter().any(|request| request.number == 3 && !request.is_sent), "nobody has read it");
        assert_eq!(all.too_large(Some(77)).unwrap().number, 1, "of those that were sent");
        assert!(all.too_large(None).is_none());
    }

    #[test]
    fn one_at_a_time_until_answers_name_their_requests() {
        let mut all = requests(&[Kind::Submit, Kind::Submit, Kind::Submit, Kind::Cancel]);
        all.iter_mut().for_each(|request| request.is_sent = false);
        all.next_unsent().unwrap().is_sent = true;
        let cancel = all.next_unsent().unwrap();
        assert_eq!(cancel.kind, Kind::Cancel);
        cancel.is_sent = true;
        assert!(all.next_unsent().is_none());
        let frame = Frame::new("job.accepted", "E", r#"{"request_id":"1"}"#).write();
        let answer = Envelope::parse(&frame).unwrap();
        assert_eq!(all.answered(Kind::Submit, &answer, |_| false).unwrap().number, 1);
        all.next_unsent().unwrap().is_sent = true;
        assert!(all.next_unsent().is_some());
    }
}
