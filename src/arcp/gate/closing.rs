//! How a session's end is told: to the client, to the upstream, and in the audit log.

use super::{
    action::Action,
    audit::Audit,
    end::{End, Explanation},
    stage::Stage,
    undeliverable::Undeliverable,
    Gate,
};
use crate::{
    arcp::{ArcpCode, Close},
    audit::Outcome,
    json::Members,
    time::Time,
};

impl Gate {
    /// Ends both sides. Whatever comes in afterwards is nobody's.
    pub(super) fn end(&mut self, end: End, now: Time) {
        self.end_explained(end, Explanation::of_end(end).as_ref(), now);
    }

    /// The principal has said or asked for more than it may.
    pub(super) fn end_too_many_requests(&mut self, now: Time) {
        let end = End::TOO_MANY_REQUESTS;
        self.end_explained(end, Some(&Explanation::too_many(end.reason, "requests", None)), now);
    }

    /// As [`Self::end`], with what explains it: for the client and for the log.
    pub(super) fn end_explained(&mut self, end: End, why: Option<&Explanation>, now: Time) {
        if self.is_closed() {
            return;
        }
        if let Some(code) = end.code {
            // Of what is too much there may be less in a while.
            let is_retryable =
                end.close == Close::TooMany || (code.is_retryable() && end.close != Close::Undeliverable);
            let payload = payload(code, is_retryable, why).end();
            self.send_to_client("session.error", &payload, now);
        }
        self.actions.push_back(Action::CloseClient(end.close));
        if !matches!(self.stage, Stage::AwaitingHello | Stage::Verifying | Stage::Unsealing { .. }) {
            self.actions.push_back(Action::CloseUpstream);
        }
        self.audit_end(end, why, now);
        self.stage = Stage::Closed;
        self.hello = None;
    }

    /// Ends the session, once what came before has been passed on.
    pub(super) fn end_undeliverable(&mut self, what: Undeliverable, now: Time) {
        match &mut self.stage {
            Stage::Welcoming(pending) => pending.stop_at(what),
            Stage::Open(session) => {
                let next = session.last_seq.saturating_add(1);
                let seq = what.seq.filter(|seq| *seq >= next).unwrap_or(next);
                self.end_explained(End::undeliverable(what.reason), Some(&what.why(seq)), now);
            }
            // Before our hello nothing was asked, and after the end nobody listens.
            Stage::Closed | Stage::Opening | Stage::Rechecking { .. } => {}
            _ => self.end(End::undeliverable(what.reason), now),
        }
    }

    fn audit_end(&mut self, end: End, why: Option<&Explanation>, now: Time) {
        // Who says nothing is counted like who is refused, or an address could keep the places of the silent for ever.
        let is_ours = matches!(end.code, Some(ArcpCode::InternalError)) && end.close != Close::HelloTimeout;
        let (kind, outcome) = match &self.stage {
            Stage::Open(_) if end.close == Close::Normal => ("arcp.session", Outcome::Completed),
            Stage::Open(_) => ("arcp.session", Outcome::Cut),
            _ if is_ours => ("arcp.hello", Outcome::Failed),
            _ if end.code.is_none() => ("arcp.hello", Outcome::Cut),
            _ => ("arcp.hello", Outcome::Refused),
        };
        let event = Audit::of(self, kind, outcome, end.reason).ended(end.close, end.code, why);
        let event = match &self.stage {
            Stage::Open(session) => session.account(event, now),
            _ => Audit { duration: Some(now.since(self.accepted_at)), ..event },
        };
        self.actions.push_back(Action::Audit(Box::new(event)));
    }
}

/// The payload of a `session.error`: generic, or with what explains it.
pub(super) fn payload(code: ArcpCode, is_retryable: bool, why: Option<&Explanation>) -> Members {
    let message = why.map_or(code.message(), |why| &why.message);
    let payload =
        Members::new().text("code", code.as_str()).text("message", message).boolean("retryable", is_retryable);
    match why {
        Some(why) => payload.raw("details", &why.details),
        // None where there are none: the TS SDK refuses a null.
        None => payload,
    }
}
