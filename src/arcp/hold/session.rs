//! A session: whose it is, where its client is, and where its upstream.

use std::rc::Rc;

use super::{
    buffer::Buffer,
    jobs::Jobs,
    shown::ShownJobs,
    submits::Submits,
    upstream::{Numbers, Upstream},
};
use crate::{
    arcp::{
        job_privacy::PendingLookups,
        message::{Hello, Resume, Welcome},
        ArcpCode, Envelope,
    },
    json::Value,
    principal::{Kind, Principal},
    revocation::Facts,
    secret::{Hashed, Secret},
    time::{Span, Time},
};

/// So often a token may bring a session back without the client being heard of, its welcome lost each time.
const MOST_PRESENTED: u8 = 4;

/// The feature, and the kind of event that it is about.
const PROGRESS: &str = "progress";

/// After so many heartbeats a runtime has noticed that a connection is gone.
const NOTICED_AFTER: f64 = 3.5;

/// Who a session belongs to, as the gate has verified it the last time.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) key: Rc<str>,
    /// The principal, as JSON.
    pub(super) json: Rc<str>,
    expires_at: Option<Time>,
    pub(super) is_anonymous: bool,
    /// What its token is known by where it may be revoked, without the token: that is never stored.
    pub(super) stand_in: Option<Rc<str>>,
}

impl Owner {
    pub(super) fn of(principal: &Principal, credential: Option<&Secret>) -> Self {
        let expires_at = principal.expires_at();
        let token = credential.and_then(|credential| std::str::from_utf8(credential.expose()).ok());
        let issuer = principal.issuer().unwrap_or_default();
        let seconds = expires_at.map(|at| at.as_millis() as f64 / 1000.0);
        let facts = Facts::of(issuer, principal.id(), seconds, token);
        let mut json = String::new();
        principal.write_json(&mut json);
        Self {
            key: principal.key().into(),
            json: json.into(),
            expires_at,
            is_anonymous: principal.kind() == Kind::Anonymous,
            stand_in: facts.stand_in().map(Rc::from),
        }
    }

    /// Whether the token, by which it is known, has ended.
    pub(super) fn is_expired(&self, now: Time) -> bool {
        self.expires_at.is_some_and(|at| now >= at)
    }
}

/// Who somebody is, and by what that is known.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The principal, as JSON.
    pub principal: Rc<str>,
    /// What stands for the credential where it may have been revoked ([`crate::revocation::Facts::stand_in`]), if it isn't known any
    /// more.
    pub stand_in: Option<Rc<str>>,
    /// The principal's own credential, if it is known.
    pub credential: Option<Secret>,
}

/// A client that has come, and waits for the upstream.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) conn: u32,
    pub(super) token: Secret,
    /// What it wants back, of a session that is there already.
    pub(super) resume: Option<Resume>,
    /// When it is told to come again.
    pub(super) until: Time,
}

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    /// What it is known by until it has an id.
    pub(super) number: u32,
    /// The upstream's; empty until its welcome.
    pub(super) id: String,
    pub(super) owner: Owner,
    /// What the client shows who it is by. Never stored.
    pub(super) credential: Option<Secret>,
    /// What the upstream is told of the client.
    pub(super) hello: Hello,
    /// What the upstream has said of itself, with the latest token for it.
    pub(super) welcome: Option<Welcome>,
    pub(super) conn: Option<u32>,
    pub(super) waiting: Option<Waiting>,
    /// What brings it back.
    pub(super) token: Option<Hashed>,
    /// What brought it back the last time: good until something comes over the new connection, for the welcome may have been lost.
    pub(super) previous: Option<Hashed>,
    pub(super) presented: u8,
    /// Without a client: when it is given up.
    pub(super) ends_at: Option<Time>,
    pub(super) upstream: Upstream,
    pub(super) numbers: Numbers,
    pub(super) buffer: Buffer,
    pub(super) jobs: Jobs,
    pub(super) submits: Submits,
    pub(super) lookups: PendingLookups,
    pub(super) shown: ShownJobs,
    /// Whether its row is to be written.
    pub(super) is_changed: bool,
}

impl Session {
    pub(super) fn new(number: u32, owner: Owner, hello: Hello, credential: Option<Secret>) -> Self {
        Self {
            number,
            id: String::new(),
            owner,
            credential,
            hello,
            welcome: None,
            conn: None,
            waiting: None,
            token: None,
            previous: None,
            presented: 0,
            ends_at: None,
            upstream: Upstream::AwaitingClient,
            numbers: Numbers::default(),
            buffer: Buffer::default(),
            jobs: Jobs::default(),
            submits: Submits::default(),
            lookups: PendingLookups::default(),
            shown: ShownJobs::default(),
            is_changed: false,
        }
    }

    /// Whether the upstream has not welcomed it yet.
    pub(super) const fn is_opening(&self) -> bool {
        self.id.is_empty()
    }

    /// In whose name it stands.
    pub(super) fn shows(&self) -> Shown {
        let Owner { json, stand_in, .. } = &self.owner;
        let credential = self.credential.clone();
        let stand_in = stand_in.clone().filter(|_| credential.is_none());
        Shown { principal: Rc::clone(json), credential, stand_in }
    }

    /// Whether its client is neither there nor waits.
    pub(super) const fn is_away(&self) -> bool {
        self.conn.is_none() && self.waiting.is_none()
    }

    /// Whether this is a token that brings it back. Both are compared, in constant time.
    pub(super) fn accepts(&self, token: &Hashed) -> bool {
        let is = |own: &Option<Hashed>| own.as_ref().is_some_and(|own| own.matches(token));
        let is_previous = is(&self.previous);
        is(&self.token) || is_previous
    }

    /// Whether a principal may have it back with what it shows; the reason why not is for the audit log.
    pub(super) fn count_resume(&mut self, owner: &Owner, resume: &Resume) -> Result<(), &'static str> {
        if self.owner.key != owner.key {
            return Err("another_principal");
        }
        let token = resume.token.hashed();
        if !self.accepts(&token) {
            return Err("wrong_token");
        }
        if !self.buffer.covers(resume.last_event_seq) {
            return Err("not_covered");
        }
        if matches!(self.upstream, Upstream::Over) && self.buffer.has_nothing_after(resume.last_event_seq) {
            return Err("upstream_over");
        }
        let is_again = self.previous.as_ref().is_some_and(|previous| previous.matches(&token));
        if is_again && self.presented >= MOST_PRESENTED {
            return Err("token_shown_too_often");
        }
        self.presented = if is_again { self.presented + 1 } else { 1 };
        self.is_changed = true;
        Ok(())
    }

    /// Whether its upstream, which refuses it, may only not know yet that the old connection is gone: it notices by its heartbeats. A
    /// client that waits is kept waiting for that only where it must be so.
    pub(super) fn is_patient(&self, now: Time) -> bool {
        let interval = self.welcome.as_ref().and_then(|welcome| welcome.heartbeat_interval_sec).unwrap_or(30.0);
        let notices = Span::from_millis((interval.clamp(1.0, 600.0) * NOTICED_AFTER * 1000.0) as i64);
        let is_early = self.numbers.lost_since.is_some_and(|since| now.since(since) < notices);
        is_early && (self.waiting.is_none() || self.numbers.is_silent)
    }

    /// Whether a numbered frame is not the client's to have: what tells of progress to who can't take it (ARCP 1.1 §6.2), or that a
    /// job isn't there which was asked about before the upstream was lost.
    pub(super) fn withholds(&self, is_own: bool, job: &str, frame: &Envelope<'_>) -> bool {
        let says = |name: &str, value: &str| frame.get(name).and_then(Value::as_str) == Some(value);
        match frame.kind() {
            "job.event" => !self.hello.features.has(PROGRESS) && says("kind", PROGRESS),
            "job.error" => {
                !is_own && !job.is_empty() && says("code", ArcpCode::JobNotFound.as_str()) && !self.shown.has(job)
            }
            _ => false,
        }
    }

    /// Something came from the client: it has its welcome.
    pub(super) fn heard(&mut self) {
        if self.previous.take().is_some() {
            self.is_changed = true;
        }
        self.presented = 0;
    }
}
