//! Our hello to the upstream, and its answer.

use super::{
    action::Action,
    end::{End, Explanation},
    resume_token,
    stage::Stage,
    undeliverable::Undeliverable,
    Gate,
};
use crate::{
    arcp::{
        features::{Features, KNOWN},
        message::{Hello, Welcome},
        ArcpCode, Envelope,
    },
    json::{Number, Value},
    principal::Kind,
    secret::Secret,
    time::{Span, Time},
};

/// How long to wait before a runtime is asked again to resume. One that hasn't noticed yet that the old connection is gone says
/// what it says of a session that it doesn't know (the Python SDK's does).
const RESUME_BACKOFF: [Span; 3] = [Span::from_millis(200), Span::from_millis(500), Span::from_millis(1000)];

impl Gate {
    pub(super) fn opened(&mut self, scheme: &str, token: &str, now: Time) {
        match self.stage {
            Stage::Opening => {}
            // It took longer than it was waited for.
            Stage::Closed => return self.actions.push_back(Action::CloseUpstream),
            _ => return,
        }
        self.stage = Stage::Rechecking { scheme: scheme.to_owned(), token: Secret::new(token) };
        if self.is_expired(now) {
            return self.end(End::EXPIRED, now);
        }
        if self.is_revocable {
            self.actions.push_back(Action::CheckRevocation);
        } else {
            self.send_hello(now);
        }
    }

    /// Says our hello to the upstream.
    pub(super) fn send_hello(&mut self, now: Time) {
        if self.is_expired(now) {
            return self.end(End::EXPIRED, now);
        }
        let (scheme, token) = match std::mem::replace(&mut self.stage, Stage::AwaitingWelcome) {
            Stage::Rechecking { scheme, token } => (scheme, token),
            other => {
                self.stage = other;
                return;
            }
        };
        let Some(hello) = &self.hello else { return };
        let known = hello.features.both(&Features::new(KNOWN)).without("heartbeat");
        let mut resume = hello.resume.clone();
        if let Some(resume) = resume.as_mut().filter(|_| self.is_lowered) {
            resume.last_event_seq = resume.last_event_seq.saturating_sub(1);
        }
        let ours = Hello {
            client: hello.client.clone(),
            scheme,
            token: Some(token),
            // The gate speaks for itself there, whatever the client can.
            features: if self.trust.is_trusted() { known } else { known.with("heartbeat") },
            lists_agents: hello.lists_agents,
            resume,
        };
        let frame = ours.frame(&self.ids.next(now));
        self.actions.push_back(Action::ToUpstream(frame));
    }

    /// The answer to our hello.
    pub(super) fn hello_answered(&mut self, text: &str, now: Time) {
        let Ok(envelope) = Envelope::relayed(text) else {
            return self.end_undeliverable(Undeliverable::malformed(text), now);
        };
        match envelope.kind() {
            "session.welcome" => {}
            // Java's says so with a job's error.
            "session.error" | "job.error" => return self.hello_refused(&envelope, now),
            // Heartbeats may begin early; the welcome is what counts.
            "session.ping" | "session.pong" => return,
            _ => return self.end(End::undeliverable("upstream_not_welcome"), now),
        }
        let id = envelope.session_id().or_else(|| envelope.get("session_id").and_then(Value::as_str));
        let (Some(id), Ok(welcome)) = (id.filter(|id| is_session_id(id)), Welcome::read(&envelope)) else {
            return self.end(End::undeliverable("upstream_malformed"), now);
        };
        let wanted =
            self.hello.as_ref().and_then(|hello| hello.resume.as_ref()).map(|resume| resume.session_id.as_str());
        if wanted.is_some_and(|wanted| !wanted.is_empty() && wanted != id) {
            // F#'s reads no resume in a hello. A new session is had by asking for one.
            return self.end(End::not_resumable("upstream_new_session"), now);
        }
        let is_anonymous = self.principal.as_ref().is_some_and(|principal| principal.kind() == Kind::Anonymous);
        let token = welcome.resume_token.as_ref().filter(|_| !is_anonymous);
        let token = token.map(|token| String::from_utf8_lossy(token.expose()).into_owned());
        let token = token.filter(|token| self.trust.is_trusted() || resume_token::fits(token));
        self.welcomed(welcome, id, token, now);
    }

    /// The upstream refuses our hello.
    fn hello_refused(&mut self, refusal: &Envelope<'_>, now: Time) {
        let code = refusal.get("code").and_then(Value::as_str).unwrap_or_default();
        let details = refusal.get("details").and_then(Value::as_object).filter(|_| self.trust.is_trusted());
        let reason = details.and_then(|details| details.get("reason")).and_then(Value::as_str);
        let limit = details.and_then(|details| details.get("limit")).and_then(Value::as_number);
        let limit = limit.and_then(Number::as_i64);
        if reason == Some(End::TOO_MANY_SESSIONS.reason) {
            let why = Explanation::too_many(End::TOO_MANY_SESSIONS.reason, "sessions", limit);
            return self.end_explained(End::TOO_MANY_SESSIONS, Some(&why), now);
        }
        if reason == Some(End::TOO_MANY_REQUESTS.reason) {
            return self.end_too_many_requests(now);
        }
        if reason == Some(End::STORE_FULL.reason) {
            let of = details.and_then(|details| details.get("of")).and_then(Value::as_str);
            let why = Explanation::store_full(of == Some("rows"), limit.unwrap_or_default());
            return self.end_explained(End::STORE_FULL, Some(&why), now);
        }
        let last = self.hello.as_ref().and_then(|hello| hello.resume.as_ref()).map(|resume| resume.last_event_seq);
        let end = End::of_upstream_error(code, last.is_some());
        if end.code != Some(ArcpCode::ResumeWindowExpired) || self.trust.is_trusted() {
            return self.end(end, now);
        }
        // The TypeScript SDK's runtime refuses who has seen all, and takes one who has seen one less. The Python SDK's has
        // another code for all that it refuses, and there a wrong try would cost the session.
        let has_one_more = code == ArcpCode::ResumeWindowExpired.as_str() && last.is_some_and(|last| last > 0);
        let rest = if has_one_more && !self.was_lowered {
            self.was_lowered = true;
            self.is_lowered = true;
            Span::ZERO
        } else {
            self.is_lowered = false;
            let Some(rest) = RESUME_BACKOFF.get(self.resume_attempts) else { return self.end(end, now) };
            self.resume_attempts += 1;
            *rest
        };
        self.until = now.plus(rest);
        self.stage = Stage::Backoff;
        self.actions.push_back(Action::CloseUpstream);
    }
}

fn is_session_id(id: &str) -> bool {
    (1..=256).contains(&id.len()) && !id.contains(char::is_control)
}
