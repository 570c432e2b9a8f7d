//! The client's hello, and whose it is (ARCP 1.1 §6.1 to §6.3).

use super::{action::Action, end::End, resume_token, stage::Stage, Gate};
use crate::{
    arcp::{message::Hello, Envelope},
    principal::{Kind, Principal},
    secret::Secret,
    time::{Span, Time},
};

/// A hello with less to live is refused: its session would end while it begins.
const LEAST_LIFE: Span = Span::from_secs(5);

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
        let may_connect = principal.has_scopes(&self.config.connect);
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
        self.expires_at = expires_at.map(|end| end.plus(tolerance));
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
        let Some(opened) = resume_token::opened(&presented) else {
            return self.end(End::not_resumable("resume_token_not_ours"), now);
        };
        if resume.session_id.is_empty() {
            resume.session_id = opened.session_id.unwrap_or_default();
        }
        let input = resume_token::input(&key, &resume.session_id, &opened.token);
        let presented = opened.code.to_owned();
        resume.token = Secret::new(opened.token);
        self.stage = Stage::Unsealing { presented };
        self.until = now.plus(self.config.verify_timeout);
        self.actions.push_back(Action::Mac(input));
    }

    pub(super) fn open(&mut self, now: Time) {
        if self.is_expired(now) {
            return self.end(End::EXPIRED, now);
        }
        self.stage = Stage::Opening;
        self.until = now.plus(self.config.open_timeout);
        let resumes = self.hello.as_ref().and_then(|hello| hello.resume.as_ref());
        let resumes = resumes.map(|resume| resume.session_id.clone()).filter(|id| !id.is_empty());
        self.actions.push_back(Action::Open(resumes));
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
