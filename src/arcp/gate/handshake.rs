//! From the client's hello to its welcome (ARCP 1.1 §6.1 to §6.3).

use super::{action::Action, refusal::End, seal, session::Session, stage::Stage, Gate};
use crate::{
    arcp::{
        features::{Features, KNOWN},
        message::{Hello, Welcome},
        Envelope, Frame,
    },
    principal::{Kind, Principal},
    secret::Secret,
    time::{Span, Time},
};

/// A hello with less to live is refused: its session would end while it begins.
const LEAST_LIFE: Span = Span::from_secs(5);

/// What stands for a resume token where a session can't be resumed: the member must be there (ARCP 1.1 §6.2).
const NO_TOKEN: &str = "none";

impl Gate {
    /// The first frame of a client.
    pub(super) fn hello(&mut self, text: &str, now: Time) {
        let envelope = match Envelope::parse(text) {
            Ok(envelope) => envelope,
            Err(malformed) => return self.end(End::malformed(malformed), now),
        };
        let hello = match envelope.kind() {
            "session.hello" => Hello::read(&envelope),
            "session.resume" => Hello::read_resume(&envelope),
            _ => return self.end(End::protocol("not_hello"), now),
        };
        let Ok(mut hello) = hello else { return self.end(End::protocol("bad_hello"), now) };
        hello.scheme.make_ascii_lowercase();
        let scheme = hello.scheme.clone();
        // Whoever claims to be nobody shows nothing: what no verifier looks at must not go on to the upstream.
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
        self.actions.push_back(Action::Authenticate { scheme, token });
    }

    pub(super) fn authenticated(&mut self, principal: Principal, tolerance: Span, is_revocable: bool, now: Time) {
        if !matches!(self.stage, Stage::Verifying) {
            return;
        }
        let expires_at = principal.expires_at();
        let has = |scope: &String| principal.scopes().unwrap_or_default().contains(scope);
        let may_connect = self.config.connect.iter().all(has);
        let key = principal.key();
        let is_anonymous = principal.kind() == Kind::Anonymous;
        self.principal = Some(principal);
        self.is_revocable = is_revocable;
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
        if resume.is_incomplete() {
            return self.end(End::not_resumable("resume_incomplete"), now);
        }
        if self.trust.is_trusted() {
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
        self.actions.push_back(Action::Mac(input));
    }

    pub(super) fn open(&mut self, now: Time) {
        if self.is_past_end(now) {
            return self.end(End::EXPIRED, now);
        }
        self.stage = Stage::Opening;
        self.until = now.plus(self.config.open_timeout);
        let resumes = self.hello.as_ref().and_then(|hello| hello.resume.as_ref());
        let resumes = resumes.map(|resume| resume.session_id.clone()).filter(|id| !id.is_empty());
        self.actions.push_back(Action::Open(resumes));
    }

    /// The welcome in our words: features of all three, our heartbeat, and a token that is this principal's alone.
    pub(super) fn welcome(&mut self, from_upstream: Welcome, session_id: &str, token: Option<&str>, now: Time) {
        let Some(hello) = &self.hello else { return };
        let of_both = hello.features.both(&Features::new(KNOWN));
        let has_heartbeat = of_both.has("heartbeat");
        let mut features = of_both.without("heartbeat").both(&from_upstream.features);
        if has_heartbeat {
            features = features.with("heartbeat");
        }
        let welcome = Welcome {
            resume_token: Some(Secret::new(token.unwrap_or(NO_TOKEN))),
            resume_window_sec: if token.is_some() { from_upstream.resume_window_sec } else { 0.0 },
            heartbeat_interval_sec: has_heartbeat.then_some(self.config.heartbeat.as_millis() as f64 / 1000.0),
            features: features.clone(),
            runtime: from_upstream.runtime,
            agents: from_upstream.agents,
        };
        let upstream_interval = from_upstream
            .heartbeat_interval_sec
            .filter(|_| !self.trust.is_trusted() && from_upstream.features.has("heartbeat"));
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
        let interval = self.is_revocable.then_some(self.config.revocation_interval);
        let session = Session::new(&self.config, session_id, features, may_submit, upstream_interval, now);
        let session = session
            .checking_revocation(interval)
            .after(seen, self.is_lowered)
            .owing_pong(self.trust.is_trusted() && resumed);
        let id = self.ids.next(now);
        let text = Frame::new("session.welcome", &id, &payload).of_session(session_id).write();
        self.stage = Stage::Open(Box::new(session));
        self.actions.push_back(Action::Audit(event));
        self.actions.push_back(Action::ToClient(text));
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
