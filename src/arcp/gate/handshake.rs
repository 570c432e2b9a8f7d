//! From the client's hello to its welcome (ARCP 1.1 §6.1 to §6.3).

use super::{
    action::Action,
    machine::{Gate, Stage},
    refusal::{End, Why},
    seal,
    session::Session,
    unreadable::Unreadable,
};
use crate::{
    arcp::{
        envelope::Malformed,
        features::{Features, KNOWN},
        message::{Hello, Welcome},
        ArcpCode, Envelope, Frame,
    },
    auth::challenge::stated,
    json::{Number, Value},
    principal::{Kind, Principal},
    secret::Secret,
    time::{Span, Time},
};

/// A hello with less to live is refused: its session would end while it begins.
const LEAST_LIFE: Span = Span::from_secs(5);

/// How long to wait before a runtime is asked again to resume. One that hasn't noticed yet that the old connection is gone says
/// what it says of a session that it doesn't know (the Python SDK's does).
const RESTS: [Span; 3] = [Span::from_millis(200), Span::from_millis(500), Span::from_millis(1000)];

/// What stands for a resume token where a session can't be resumed: the member must be there (ARCP 1.1 §6.2).
const NO_TOKEN: &str = "none";

impl Gate {
    pub(super) fn handle_hello(&mut self, text: &str, now: Time) {
        let envelope = match Envelope::parse(text) {
            Ok(envelope) => envelope,
            Err(malformed) => return self.end(End::protocol(reason_of(malformed)), now),
        };
        let hello = match envelope.kind() {
            "session.hello" => Hello::read(&envelope),
            "session.resume" => Hello::read_resume(&envelope),
            _ => return self.end(End::protocol("not_hello"), now),
        };
        let Ok(mut hello) = hello else { return self.end(End::protocol("bad_hello"), now) };
        hello.scheme.make_ascii_lowercase();
        let scheme = hello.scheme.clone();
        // Whoever claims to be nobody shows nothing: what no verifier looks at must not go on to what is behind.
        let token = hello.token.take().filter(|_| scheme != "none");
        self.hello = Some(hello);
        let is_complete = match scheme.as_str() {
            "bearer" => token.as_ref().is_some_and(|token| !token.expose().is_empty()),
            "none" => true,
            vendors => is_vendor_scheme(vendors),
        };
        if !is_complete {
            return self.end(End::unauthenticated("no_credentials"), now);
        }
        self.stage = Stage::Verifying;
        self.until = now.plus(self.config.verify_timeout);
        self.push(Action::Authenticate { scheme, token });
    }

    /// The credentials were refused, or could not be judged; the arguments are the error's.
    pub fn refused(&mut self, code: &str, is_retryable: bool, now: Time) {
        if matches!(self.stage, Stage::Verifying) {
            let error = stated(code, is_retryable, None, None);
            self.end(End { reason: error.code().as_str(), ..End::of_verifier(&error) }, now);
        }
    }

    /// The principal has as many connections as it may, which is this many.
    pub fn too_many_connections(&mut self, principal: Principal, limit: usize, now: Time) {
        if matches!(self.stage, Stage::Verifying) {
            self.principal = Some(principal);
            let why = Why::too_many("too_many_connections", "connections", Some(limit as i64));
            self.end_saying(End::TOO_MANY_CONNECTIONS, Some(&why), now);
        }
    }

    /// The credentials are this principal's, whose token is taken for so long after its end. With `asks`, it is worth asking again
    /// and again whether they were revoked.
    pub fn authenticated(&mut self, principal: Principal, tolerance: Span, asks: bool, now: Time) {
        if !matches!(self.stage, Stage::Verifying) {
            return;
        }
        let expires_at = principal.expires_at();
        let has = |scope: &String| principal.scopes().unwrap_or_default().contains(scope);
        let may_connect = self.config.connect.iter().all(has);
        let key = principal.key();
        let is_anonymous = principal.kind() == Kind::Anonymous;
        self.principal = Some(principal);
        self.asks = asks;
        if expires_at.is_some_and(|end| end < now.plus(LEAST_LIFE)) {
            return self.end(End::unauthenticated("token_nearly_over"), now);
        }
        if !may_connect {
            return self.end(End::denied("missing_scope"), now);
        }
        self.ends = expires_at.map(|end| end.plus(tolerance));
        let Some(resume) = self.hello.as_mut().and_then(|hello| hello.resume.as_mut()) else { return self.open(now) };
        if is_anonymous {
            return self.end(End::not_resumable("anonymous"), now);
        }
        if self.trusted {
            return self.open(now);
        }
        let presented = String::from_utf8_lossy(resume.token.expose()).into_owned();
        let Some(opened) = seal::opened(&presented) else {
            return self.end(End::not_resumable("resume_token_not_ours"), now);
        };
        if resume.session_id.is_empty() {
            resume.session_id = opened.session_id.unwrap_or_default();
        }
        let input = seal::input(&key, &resume.session_id, &opened.token);
        let presented = opened.code.to_owned();
        resume.token = Secret::new(opened.token);
        self.stage = Stage::Unsealing { presented };
        self.until = now.plus(self.config.verify_timeout);
        self.push(Action::Mac(input));
    }

    pub(super) fn open(&mut self, now: Time) {
        if self.is_past_end(now) {
            return self.end(End::EXPIRED, now);
        }
        self.stage = Stage::Opening;
        self.until = now.plus(self.config.open_timeout);
        let resumes = self.hello.as_ref().and_then(|hello| hello.resume.as_ref());
        let resumes = resumes.map(|resume| resume.session_id.clone()).filter(|id| !id.is_empty());
        self.push(Action::Open(resumes));
    }

    /// What is behind is open, and is to be shown this credential.
    pub fn opened(&mut self, scheme: &str, token: &str, now: Time) {
        match self.stage {
            Stage::Opening => {}
            // It took longer than it was waited for.
            Stage::Over => return self.push(Action::CloseBehind),
            _ => return,
        }
        self.stage = Stage::Rechecking { scheme: scheme.to_owned(), token: Secret::new(token) };
        if self.is_past_end(now) {
            return self.end(End::EXPIRED, now);
        }
        if self.asks {
            self.push(Action::AskRevoked);
        } else {
            self.greet(now);
        }
    }

    /// Says our hello to what is behind.
    pub(super) fn greet(&mut self, now: Time) {
        if self.is_past_end(now) {
            return self.end(End::EXPIRED, now);
        }
        let (scheme, token) = match std::mem::replace(&mut self.stage, Stage::Greeting) {
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
            features: if self.trusted { known } else { known.with("heartbeat") },
            lists_agents: hello.lists_agents,
            resume,
        };
        let frame = ours.frame(&self.ids.next(now));
        self.push(Action::ToBehind(frame));
    }

    /// What is behind can't be opened; the arguments are the error's.
    pub fn open_failed(&mut self, code: &str, now: Time) {
        if matches!(self.stage, Stage::Opening) {
            let end = match code {
                "ERR_PERMISSION_DENIED" => End::denied("no_upstream_credential"),
                "ERR_CONFIG" => End::unreadable("upstream_misconfigured"),
                _ => End::restart("upstream_unreachable"),
            };
            self.end(end, now);
        }
    }

    /// The answer to our hello.
    pub(super) fn handle_answer(&mut self, text: &str, now: Time) {
        let Ok(envelope) = Envelope::relayed(text) else {
            return self.cannot_pass(Unreadable::malformed(text), now);
        };
        match envelope.kind() {
            "session.welcome" => {}
            // Java's says so with a job's error.
            "session.error" | "job.error" => return self.turned_away(&envelope, now),
            // Heartbeats may begin early; the welcome is what counts.
            "session.ping" | "session.pong" => return,
            _ => return self.end(End::unreadable("upstream_not_welcome"), now),
        }
        let id = envelope.session_id().or_else(|| envelope.get("session_id").and_then(Value::as_str));
        let (Some(id), Ok(welcome)) = (id.filter(|id| is_session_id(id)), Welcome::read(&envelope)) else {
            return self.end(End::unreadable("upstream_malformed"), now);
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
        let token = token.filter(|token| self.trusted || seal::fits(token));
        self.admit(welcome, id, token, now);
    }

    /// What is behind refuses our hello.
    fn turned_away(&mut self, said: &Envelope<'_>, now: Time) {
        let code = said.get("code").and_then(Value::as_str).unwrap_or_default();
        let details = said.get("details").and_then(Value::as_object).filter(|_| self.trusted);
        let reason = details.and_then(|details| details.get("reason")).and_then(Value::as_str);
        if reason == Some(End::TOO_MANY_SESSIONS.reason) {
            let limit = details.and_then(|details| details.get("limit")).and_then(Value::as_number);
            let why = Why::too_many(End::TOO_MANY_SESSIONS.reason, "sessions", limit.and_then(Number::as_i64));
            return self.end_saying(End::TOO_MANY_SESSIONS, Some(&why), now);
        }
        let last = self.hello.as_ref().and_then(|hello| hello.resume.as_ref()).map(|resume| resume.last_event_seq);
        let end = End::of_behind(code, last.is_some());
        if end.code != Some(ArcpCode::ResumeWindowExpired) || self.trusted {
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
            let Some(rest) = RESTS.get(self.tries) else { return self.end(end, now) };
            self.tries += 1;
            *rest
        };
        self.until = now.plus(rest);
        self.stage = Stage::Resting;
        self.push(Action::CloseBehind);
    }

    /// The welcome in our words: features of all three, our heartbeat, and a token that is this principal's alone.
    pub(super) fn welcome(&mut self, from_behind: Welcome, session_id: &str, token: Option<&str>, now: Time) {
        let Some(hello) = &self.hello else { return };
        let of_both = hello.features.both(&Features::new(KNOWN));
        let beats = of_both.has("heartbeat");
        let mut features = of_both.without("heartbeat").both(&from_behind.features);
        if beats {
            features = features.with("heartbeat");
        }
        let welcome = Welcome {
            resume_token: Some(Secret::new(token.unwrap_or(NO_TOKEN))),
            resume_window_sec: if token.is_some() { from_behind.resume_window_sec } else { 0.0 },
            heartbeat_interval_sec: beats.then_some(self.config.heartbeat.as_millis() as f64 / 1000.0),
            features: features.clone(),
            runtime: from_behind.runtime,
            agents: from_behind.agents,
        };
        let behind_beat =
            from_behind.heartbeat_interval_sec.filter(|_| !self.trusted && from_behind.features.has("heartbeat"));
        let payload = welcome.write(session_id, &now.to_rfc3339());
        let principal_scopes = self.principal.as_ref().and_then(Principal::scopes).unwrap_or_default();
        let may_submit = self.config.submit.iter().all(|scope| principal_scopes.contains(scope));
        let (mut seen, resumed) = (0, self.hello.as_ref().is_some_and(|hello| hello.resume.is_some()));
        if let Some(resume) = self.hello.as_mut().and_then(|hello| hello.resume.as_mut()) {
            // It is used up.
            resume.token = Secret::new("");
            seen = resume.last_event_seq;
        }
        let event = self.audit("arcp.hello", "allowed", "ok").text("session", session_id).end();
        let interval = self.asks.then_some(self.config.revocation_interval);
        let session = Session::new(&self.config, session_id, features, may_submit, behind_beat, now);
        let session = session.asking(interval).after(seen, self.is_lowered).owing_sign(self.trusted && resumed);
        let id = self.ids.next(now);
        let text = Frame::new("session.welcome", &id, &payload).of_session(session_id).write();
        self.stage = Stage::Open(Box::new(session));
        self.push(Action::Audit(event));
        self.push(Action::ToClient(text));
    }
}

pub(super) const fn reason_of(malformed: Malformed) -> &'static str {
    match malformed {
        Malformed::Json(_) => "bad_json",
        Malformed::Version => "bad_version",
        Malformed::Member(_) => "bad_envelope",
    }
}

/// `x-vendor.<vendor>.<scheme>`
fn is_vendor_scheme(scheme: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    scheme.len() <= 128
        && scheme.strip_prefix("x-vendor.").is_some_and(|rest| rest.contains('.') && rest.split('.').all(is_part))
}

fn is_session_id(id: &str) -> bool {
    (1..=256).contains(&id.len()) && !id.contains(char::is_control)
}
