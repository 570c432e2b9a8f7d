//! What is known of an open session.

use super::{
    audit::{Audit, Traffic},
    config::Config,
};
use crate::{
    admission::Rate,
    arcp::{features::Features, heartbeat::Heartbeat, job_privacy::PendingLookups},
    auth::credential_status::CredentialStatus,
    time::{Span, Time},
};

/// So many seconds' worth of bytes may come at once.
const BURST_SECONDS: f64 = 2.0;
/// A question about revocation that is not answered within this time has no answer, whatever the driver does.
const LONGEST_ANSWER: Span = Span::from_secs(10);

/// What is known of an open session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) features: Features,
    pub(super) may_submit: bool,
    pub(super) client_heartbeat: Option<Heartbeat>,
    pub(super) upstream_heartbeat: Option<Heartbeat>,
    /// When something last came from the client; and how long it may say nothing, where it has no heartbeats.
    last_received: Time,
    idle: Option<Span>,
    /// What the client was sent since something last came from it, in bytes, and whether it was asked for a sign of life since.
    pub(super) bytes_since_received: usize,
    pub(super) is_probed: bool,
    revocation_interval: Option<Span>,
    next_revocation_check: Option<Time>,
    /// Since when an answer is waited for.
    revocation_asked_at: Option<Time>,
    last_known_valid: Time,
    /// The upstream has said that nothing more comes: when it must have closed.
    pub(super) must_close_by: Option<Time>,
    pub(super) pending_lookups: PendingLookups,
    /// The number of the last event that came from upstream.
    pub(super) last_seq: i64,
    /// Events up to this number the client has: the upstream was asked for one too many.
    pub(super) has_seen: Option<i64>,
    /// The upstream is owed a pong as a sign of the client: it spends the token that the session was resumed with.
    owes_pong: bool,
    rate: Rate,
    opened: Time,
    from_client: (i64, i64),
    from_upstream: (i64, i64),
}

impl Session {
    pub(super) fn new(
        config: &Config,
        id: &str,
        features: Features,
        may_submit: bool,
        upstream_interval: Option<f64>,
        now: Time,
    ) -> Self {
        let interval =
            upstream_interval.map(|seconds| Span::from_millis((seconds.clamp(0.05, 3600.0) * 1000.0) as i64));
        Self {
            id: id.to_owned(),
            may_submit,
            client_heartbeat: features.has("heartbeat").then(|| Heartbeat::new(config.heartbeat, now)),
            idle: (!features.has("heartbeat")).then_some(config.idle_timeout),
            last_received: now,
            features,
            upstream_heartbeat: interval.map(|interval| Heartbeat::new(interval, now)),
            bytes_since_received: 0,
            is_probed: false,
            revocation_interval: None,
            next_revocation_check: None,
            last_known_valid: now,
            must_close_by: None,
            revocation_asked_at: None,
            pending_lookups: PendingLookups::default(),
            last_seq: 0,
            has_seen: None,
            owes_pong: false,
            rate: Rate::new(config.frames_per_sec, config.bytes_per_sec, config.bytes_per_sec * BURST_SECONDS, now),
            opened: now,
            from_client: (0, 0),
            from_upstream: (0, 0),
        }
    }

    /// Asks about revocation so often.
    pub(super) fn checking_revocation(mut self, interval: Option<Span>) -> Self {
        self.revocation_interval = interval;
        self.next_revocation_check = interval.map(|interval| self.opened.plus(interval));
        self
    }

    /// Goes on after this event. With `one_too_many`, the event itself comes again.
    pub(super) fn after(mut self, last_seq: i64, one_too_many: bool) -> Self {
        self.last_seq = last_seq;
        self.has_seen = one_too_many.then_some(last_seq);
        self
    }

    /// The upstream keeps the token that this session was resumed with until something comes from the client.
    pub(super) fn owing_pong(mut self, owes: bool) -> Self {
        self.owes_pong = owes;
        self
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let heartbeats =
            [&self.client_heartbeat, &self.upstream_heartbeat].into_iter().flatten().map(Heartbeat::deadline);
        let unanswered = self.revocation_asked_at.map(|since| since.plus(LONGEST_ANSWER));
        heartbeats
            .chain(self.idle_at())
            .chain(self.next_revocation_check)
            .chain(unanswered)
            .chain(self.must_close_by)
            .min()
    }

    /// When a client without heartbeats has been silent for too long: what it has begun to say may be kept by the platform.
    pub(super) fn idle_at(&self) -> Option<Time> {
        self.idle.map(|idle| self.last_received.plus(idle))
    }

    pub(super) fn sent_to_client(&mut self, bytes: usize, now: Time) {
        self.bytes_since_received = self.bytes_since_received.saturating_add(bytes);
        if let Some(heartbeat) = &mut self.client_heartbeat {
            heartbeat.sent(now);
        }
    }

    /// Whether it may say so much now.
    #[must_use]
    pub(super) fn received_from_client(&mut self, bytes: usize, now: Time) -> bool {
        self.bytes_since_received = 0;
        self.is_probed = false;
        self.last_received = self.last_received.max(now);
        self.from_client.0 += 1;
        self.from_client.1 += bytes as i64;
        if let Some(heartbeat) = &mut self.client_heartbeat {
            heartbeat.received(now);
        }
        self.rate.takes(bytes, || bytes, now)
    }

    /// What has just come was an acknowledgement.
    pub(super) fn received_ack(&mut self) {
        self.rate.was_ack();
    }

    /// Whether the upstream is still owed that pong; once.
    pub(super) fn takes_owed_pong(&mut self) -> bool {
        std::mem::take(&mut self.owes_pong)
    }

    pub(super) fn received_from_upstream(&mut self, bytes: usize, now: Time) {
        self.from_upstream.0 += 1;
        self.from_upstream.1 += bytes as i64;
        if let Some(heartbeat) = &mut self.upstream_heartbeat {
            heartbeat.received(now);
        }
    }

    pub(super) fn sent_to_upstream(&mut self, now: Time) {
        if let Some(heartbeat) = &mut self.upstream_heartbeat {
            heartbeat.sent(now);
        }
    }

    /// Whether it is time to ask about revocation.
    pub(super) fn is_revocation_check_due(&mut self, now: Time) -> bool {
        let is_due = self.next_revocation_check.is_some_and(|at| now >= at);
        if is_due {
            // PendingLookups once; the answer says when again.
            self.next_revocation_check = None;
            self.revocation_asked_at = Some(now);
        }
        is_due
    }

    /// What to think of a question that nobody has answered in time, if there is one.
    pub(super) fn revocation_overdue(&mut self, now: Time) -> CredentialStatus {
        match self.revocation_asked_at {
            Some(since) if now >= since.plus(LONGEST_ANSWER) => self.revocation_checked(None, now),
            _ => CredentialStatus::Valid,
        }
    }

    pub(super) fn revocation_checked(&mut self, revoked: Option<bool>, now: Time) -> CredentialStatus {
        self.next_revocation_check = self.revocation_interval.map(|interval| now.plus(interval));
        self.revocation_asked_at = None;
        if revoked == Some(false) {
            self.last_known_valid = now;
        }
        CredentialStatus::during(revoked, now.since(self.last_known_valid))
    }

    /// The numbers of the session, for the audit log.
    pub(super) fn account(&self, event: Audit, now: Time) -> Audit {
        Audit {
            session: Some(self.id.clone()),
            duration: Some(now.since(self.opened)),
            traffic: Some(Traffic { from_client: self.from_client, from_upstream: self.from_upstream }),
            ..event
        }
    }
}
