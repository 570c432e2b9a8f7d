//! A connection is over: what that means, and what was under way on it.

use super::{fault::Fault, requests::Kind, state::Phase, Client};
use crate::{
    arcp::{ArcpCode, Close},
    error::Code,
    time::Span,
};

/// A connection that lasted so long has not failed.
const STABLE: Span = Span::from_secs(10);
/// A connection that held so long was of use, even if nothing was said on it.
const HELD: Span = Span::from_secs(20);
/// As often a request is sent that the connection doesn't survive.
const MAX_ATTEMPTS: u32 = 4;

impl Client {
    /// A connection is over. `may_retry` is what the application thinks of another one.
    pub(super) fn connection_closed(&mut self, conn: u32, code: u16, may_retry: bool) {
        if self.renewal.as_ref().is_some_and(|renewal| renewal.conn == conn) {
            self.renewal_failed();
            return;
        }
        if conn != self.conn {
            return;
        }
        match self.phase {
            Phase::Closing(_) => self.closed(),
            Phase::Switching(_) => self.switched(),
            Phase::Dialing(_) | Phase::Greeting { .. } | Phase::Open => self.lost(code, may_retry),
            Phase::Idle | Phase::Waiting(_) | Phase::Closed => {}
        }
    }

    /// The connection that counts is gone, with this close code.
    fn lost(&mut self, code: u16, may_retry: bool) {
        let is = |close: Close| close.code() == code;
        let fault = if is(Close::Displaced) {
            Fault::displaced()
        } else if is(Close::Unauthenticated) {
            Fault::new(Code::Unauthenticated, "the runtime doesn't accept the token")
        } else if is(Close::Forbidden) {
            let fault =
                Fault::new(Code::Remote, "the runtime allows no connection from this origin, or under this host");
            fault.with_peer_code(ArcpCode::PermissionDenied)
        } else if is(Close::TokenEnded) {
            let mut fault = Fault::new(Code::Unauthenticated, "the token has ended or was revoked");
            fault.retryable = true;
            fault
        } else {
            Fault::new(Code::Network, "the connection broke off, or could not be made")
        };
        if is(Close::TooLarge) || code == 1009 {
            self.refuse_too_large(None, None);
        }
        let is_open = self.phase == Phase::Open;
        if !may_retry || is(Close::Displaced) || is(Close::Forbidden) {
            self.finish(fault);
        } else if is(Close::Undeliverable) {
            self.cannot_pass(fault);
        } else if is(Close::Unauthenticated) {
            self.settle();
            self.unauthenticated(fault);
        } else if is(Close::Protocol) && !is_open {
            self.finish(Fault::new(Code::Protocol, "the runtime says that our hello breaks the protocol"));
        } else {
            self.needs_fresh_token |= is(Close::TokenEnded) && self.options.can_renew;
            self.retry(fault, is(Close::TokenEnded));
        }
    }

    /// The end of a connection that was open: what was under way on it.
    pub(super) fn settle(&mut self) {
        if self.phase.is_welcome() && self.now.since(self.opened_at) >= STABLE {
            (self.attempts.failures, self.attempts.short) = (0, 0);
            self.has_tried_fresh_token = false;
        }
        if self.phase.is_welcome() && self.now.since(self.opened_at) >= HELD {
            self.progress();
        }
        self.jobs_to_reconcile.clear();
        for job in self.jobs.iter_mut() {
            (job.is_fresh, job.late_at, job.has_arrived) = (false, None, false);
            (job.was_cut, job.listed) = (true, None);
        }
        let unknown = Fault::new(
            Code::Network,
            "the connection broke off before the job was accepted: it may run all the same. With an `idempotencyKey` it would be asked for again",
        );
        while let Some(request) =
            self.requests.take(|request| request.is_sent && (!request.is_repeatable || request.is_abandoned))
        {
            if !request.is_abandoned {
                self.refuse(request.number, unknown.clone());
            } else if request.kind == Kind::Subscribe {
                self.forget_job(request.job);
                self.unsubscribe_later(request.job_id.as_deref().unwrap_or_default());
            }
        }
        self.listing.failures = 0;
        // What this side asked for by itself is asked for again where it makes sense.
        while self.requests.take(|request| request.number == 0 && request.kind == Kind::List).is_some() {}
        let again = Fault::new(
            Code::Network,
            "the connection broke off each time that this was asked for: the runtime may not bear it. It may have been done all the same",
        );
        while let Some(request) = self.requests.take(|request| request.is_sent && request.attempts >= MAX_ATTEMPTS) {
            self.unanswered(&request, again.clone().with_number("tries", request.attempts.into()));
        }
        for request in self.requests.iter_mut() {
            request.is_sent = false;
            request.due = None;
        }
    }
}
