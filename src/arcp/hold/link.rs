//! The upstream comes, is greeted, and is lost.

use super::{upstream::Upstream, Action, ArcpCode, Close, Envelope, Hold, Outcome, Time};
use crate::{
    arcp::{
        envelope::is_name,
        heartbeat::Heartbeat,
        job_privacy::PendingLookups,
        message::{Hello, Resume, Welcome},
    },
    json::Value,
    secret::Secret,
    time::Span,
};

/// Without a window of its own an upstream is tried for so long.
const OWN_WINDOW: Span = Span::from_secs(600);
/// A runtime that has not noticed yet that the old socket is gone refuses what it will take (docs/arcp-peers.md): for as long as that
/// may be, where nobody waits, or where it is known that the socket has gone without a word.
const MOST_REFUSALS: usize = 4;

impl Hold {
    pub(super) fn number_on(&self, link: u32) -> Option<u32> {
        let session = self.sessions.iter().find(|session| session.upstream.link() == Some(link));
        session.map(|session| session.number)
    }

    /// Opens a socket to the upstream.
    pub(super) fn dial(&mut self, number: u32, now: Time) {
        self.last_link += 1;
        let (link, until) = (self.last_link, now.plus(self.limits.open));
        let Some(session) = self.session_mut(number) else { return };
        // Nobody's right is made longer than it is: whoever comes back shows a token that is good.
        if session.owner.is_expired(now) {
            session.upstream = Upstream::AwaitingClient;
            return;
        }
        session.upstream = Upstream::Dialling { link, until };
        let shown = session.shows();
        self.actions.push_back(Action::Dial { link, shown });
    }

    pub(super) fn dialled(&mut self, link: u32, scheme: &str, token: &str, now: Time) {
        self.advance(now);
        let until = now.plus(self.limits.open);
        let Some(number) = self.number_on(link) else {
            // It took longer than it was waited for.
            return self.actions.push_back(Action::CloseUpstream { link });
        };
        let Some(session) = self.session_mut(number) else { return };
        if session.owner.is_expired(now) {
            session.upstream = Upstream::AwaitingClient;
            return self.actions.push_back(Action::CloseUpstream { link });
        }
        session.upstream = Upstream::Greeting { link, until };
        let after = session.numbers.resumes_after();
        session.numbers.has_seen = session.numbers.was_lowered.then_some(after);
        let last_event_seq = if session.numbers.was_lowered { after.saturating_sub(1) } else { after };
        let token_there = session.welcome.as_ref().and_then(|welcome| welcome.resume_token.clone());
        let resume = Resume {
            session_id: session.id.clone(),
            token: token_there.unwrap_or_else(|| Secret::new("")),
            last_event_seq,
        };
        let hello = Hello {
            scheme: scheme.to_owned(),
            token: Some(Secret::new(token)),
            resume: Some(resume).filter(|resume| !resume.session_id.is_empty()),
            ..session.hello.clone()
        };
        let text = hello.frame(&self.ids.next(now)).into();
        self.actions.push_back(Action::ToUpstream { link, text });
    }

    pub(super) fn dial_failed(&mut self, link: u32, code: &str, now: Time) {
        self.advance(now);
        let Some(number) = self.number_on(link) else { return };
        let needs_client = matches!(code, "ERR_PERMISSION_DENIED" | "ERR_REFRESH_REJECTED" | "ERR_TOKEN_REVOKED");
        if !needs_client {
            return self.lose_upstream(number, now);
        }
        let Some(session) = self.session_mut(number) else { return };
        session.upstream = Upstream::AwaitingClient;
        let waiting = session.waiting.take().map(|waiting| waiting.conn);
        let is_opening = session.is_opening();
        if let Some(conn) = waiting {
            self.turn_away(conn, ArcpCode::PermissionDenied, Close::Forbidden, now);
        }
        if is_opening || waiting.is_some() {
            self.left(number, now);
        }
    }

    /// The answer to our hello.
    pub(super) fn greeted(&mut self, number: u32, text: &str, now: Time) {
        let Ok(envelope) = Envelope::relayed(text) else { return self.lose_upstream(number, now) };
        match envelope.kind() {
            "session.welcome" => {}
            // Java's says so with a job's error.
            "session.error" | "job.error" => return self.refused(number, &envelope, now),
            _ => return,
        }
        let named = envelope.session_id().or_else(|| envelope.get("session_id").and_then(Value::as_str));
        let named = named.filter(|id| is_name(id));
        let (Some(id), Ok(welcome)) = (named, Welcome::read(&envelope)) else { return self.lose_upstream(number, now) };
        let is_taken = self.sessions.iter().any(|other| other.id == id && other.number != number);
        let Some(session) = self.session_mut(number) else { return };
        if is_taken || (!session.is_opening() && session.id != id) {
            return self.upstream_over(number, "upstream_new_session", now);
        }
        let Some(link) = session.upstream.link() else { return };
        let interval = welcome.heartbeat_interval_sec.filter(|_| welcome.features.has("heartbeat"));
        let interval = interval.map(|seconds| Span::from_millis((seconds.clamp(0.05, 3600.0) * 1000.0) as i64));
        let heartbeat = interval.map(|interval| Heartbeat::new(interval, now));
        session.upstream = Upstream::Open { link, heartbeat, since: now };
        session.numbers.is_replaying = !session.is_opening();
        session.numbers.welcomed();
        // Who has asked before the connection was lost asks again.
        session.lookups = PendingLookups::default();
        // What it offers and what was asked for: some list all that they have.
        let features = session.hello.features.both(&welcome.features);
        session.welcome = Some(Welcome { features, ..welcome });
        session.is_changed = true;
        if session.is_opening() {
            id.clone_into(&mut session.id);
            self.audit(number, "arcp.hold", Outcome::Allowed, "ok");
        }
        self.admit(number, now);
    }

    /// The upstream refuses our hello.
    fn refused(&mut self, number: u32, refusal: &Envelope<'_>, now: Time) {
        let code = refusal.get("code").and_then(Value::as_str).and_then(ArcpCode::from_name);
        let Some(session) = self.session_mut(number) else { return };
        if session.is_opening() {
            let told = match code {
                Some(ArcpCode::PermissionDenied) => (ArcpCode::PermissionDenied, Close::Forbidden),
                _ => (ArcpCode::InternalError, Close::Restart),
            };
            if let Some(waiting) = session.waiting.take() {
                self.turn_away(waiting.conn, told.0, told.1, now);
            }
            return self.end_session(number, Close::Restart, Outcome::Failed, "upstream_refused", now);
        }
        // Our credential there is made anew; what is refused for good is the session.
        let is_final = refusal.get("retryable").and_then(Value::as_bool) == Some(false)
            && !matches!(code, Some(ArcpCode::Unauthenticated));
        let is_session_refused = matches!(code, Some(ArcpCode::ResumeWindowExpired | ArcpCode::PermissionDenied));
        if !is_session_refused && !is_final {
            return self.lose_upstream(number, now);
        }
        // The TypeScript SDK's runtime refuses who has seen all, and takes one who has seen one less. The Python SDK's has another
        // code for all that it refuses, and there a wrong try would cost the session.
        let numbers = &mut session.numbers;
        let can_lower = code == Some(ArcpCode::ResumeWindowExpired) && numbers.resumes_after() > 0;
        let lowers = can_lower && !numbers.was_lowered;
        numbers.was_lowered = lowers;
        if !lowers {
            numbers.refusals += 1;
        }
        let has_patience = code != Some(ArcpCode::ResumeWindowExpired) && session.is_patient(now);
        if session.numbers.refusals >= MOST_REFUSALS && !has_patience {
            return self.upstream_over(number, "upstream_resume_refused", now);
        }
        self.lose_upstream(number, now);
    }

    pub(super) fn upstream_closed(&mut self, link: u32, now: Time) {
        self.advance(now);
        if let Some(number) = self.number_on(link) {
            self.lose_upstream(number, now);
        }
    }

    /// The credential of who is away was revoked: the session waits for its client, and for a fresh one.
    pub(super) fn revoked(&mut self, link: u32, now: Time) {
        self.advance(now);
        let Some(number) = self.number_on(link) else { return };
        // Who has come meanwhile was verified meanwhile.
        let Some(session) = self.session_mut(number).filter(|session| session.is_away()) else { return };
        session.upstream = Upstream::AwaitingClient;
        session.numbers.lost_since.get_or_insert(now);
        self.audit(number, "arcp.hold", Outcome::Cut, "revoked");
        self.actions.push_back(Action::CloseUpstream { link });
    }

    /// The upstream's socket is lost, or could not be had. It is tried again for as long as it may still have the session; a client
    /// that was there comes back, and finds out what its jobs have come to.
    pub(super) fn lose_upstream(&mut self, number: u32, now: Time) {
        let Some(session) = self.session_mut(number) else { return };
        if matches!(session.upstream, Upstream::Over) {
            return;
        }
        let link = session.upstream.link();
        let window = session.welcome.as_ref().map(|welcome| welcome.resume_window_sec).filter(|window| *window > 0.0);
        let window = window.map_or(OWN_WINDOW, |seconds| Span::from_millis((seconds.min(86_400.0) * 1000.0) as i64));
        let since = *session.numbers.lost_since.get_or_insert(now);
        let is_over = now.since(since) >= window;
        let (is_opening, conn) = (session.is_opening(), session.conn);
        session.upstream = Upstream::Backoff { at: now.plus(session.numbers.pause()) };
        if let Some(link) = link {
            self.actions.push_back(Action::CloseUpstream { link });
        }
        if is_opening {
            return self.end_session(number, Close::Restart, Outcome::Failed, "upstream_unreachable", now);
        }
        if let Some(conn) = conn {
            self.audit(number, "arcp.hold", Outcome::Cut, "upstream_lost");
            self.drop_conn(conn, Close::Restart, now);
        }
        if is_over {
            self.upstream_over(number, "upstream_gone", now);
        } else {
            self.advance(now);
        }
    }

    /// The upstream has ended the session. What came before is the client's.
    pub(super) fn upstream_over(&mut self, number: u32, reason: &'static str, now: Time) {
        self.audit(number, "arcp.hold", Outcome::Cut, reason);
        let Some(session) = self.session_mut(number) else { return };
        if let Some(link) = session.upstream.link() {
            self.actions.push_back(Action::CloseUpstream { link });
        }
        let Some(session) = self.session_mut(number) else { return };
        session.upstream = Upstream::Over;
        session.is_changed = true;
        let waiting = session.waiting.as_ref().map(|waiting| (waiting.conn, waiting.resume.as_ref()));
        let seen = waiting.map(|(conn, resume)| (conn, resume.map_or(0, |resume| resume.last_event_seq)));
        if let Some((conn, _)) = seen.filter(|(_, seen)| session.buffer.has_nothing_after(*seen)) {
            session.waiting = None;
            self.turn_away(conn, ArcpCode::ResumeWindowExpired, Close::Protocol, now);
            return self.end_session(number, Close::Normal, Outcome::Cut, reason, now);
        }
        if session.is_opening() {
            return self.end_session(number, Close::Restart, Outcome::Failed, reason, now);
        }
        self.admit(number, now);
        self.pump(number, now);
    }
}
