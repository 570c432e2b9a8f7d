//! The open session: each frame is checked, then forwarded as it is.

use super::{
    action::Action,
    closing::payload,
    end::{End, Explanation},
    job_id,
    stage::{Flow, Stage},
    undeliverable::Undeliverable,
    Gate,
};
use crate::{
    arcp::{
        envelope::Malformed,
        job_privacy::{Instead, TooManyPending},
        skim, ArcpCode, Envelope,
    },
    json::{self, Members, Problem, Value},
    time::{Span, Time},
};

/// Who has said goodbye closes within this time.
const TIME_TO_CLOSE: Span = Span::from_secs(5);

/// A ping's nonce may be this long, in bytes.
const MAX_NONCE: usize = 256;

/// Where the platform doesn't tell what waits to be sent, a client may leave so many times that much without a sign of life.
const WITHOUT_REPORTS: usize = 4;

impl Gate {
    /// The client has said something, whatever it is. The upstream is told once, where that isn't a frame that goes on: it keeps
    /// the token that a session was resumed with until then (ARCP 1.1 §6.3). A pong says nothing else.
    pub(super) fn received_from_client(&mut self, bytes: usize, now: Time) -> bool {
        let Stage::Open(session) = &mut self.stage else { return true };
        let is_within = session.received_from_client(bytes, now);
        if session.takes_owed_pong() {
            self.send_to_upstream("session.pong", "{}", now);
        }
        is_within
    }

    pub(super) fn relay_from_client(&mut self, text: &str, now: Time) -> Flow {
        if self.is_expired(now) {
            self.end(End::EXPIRED, now);
            return Flow::Drain;
        }
        if !self.received_from_client(text.len(), now) {
            self.end(End::CLIENT_TOO_FAST, now);
            return Flow::Drain;
        }
        let envelope = match Envelope::passed(text) {
            Ok(envelope) => envelope,
            Err(malformed) => {
                self.refuse_unreadable(text, malformed, now);
                return Flow::Drain;
            }
        };
        let passes = self.check_client_frame(&envelope, now);
        let Stage::Open(session) = &mut self.stage else { return Flow::Drain };
        if envelope.kind() == "session.ack" {
            session.received_ack();
        }
        if !passes {
            return Flow::Drain;
        }
        let rewritten = match envelope.kind() {
            "job.cancel" | "job.subscribe" | "job.unsubscribe" => match job_id::of_job(&envelope, text) {
                Ok(rewritten) => rewritten,
                Err(()) => {
                    self.refuse(ArcpCode::InvalidRequest, envelope.id(), now);
                    return Flow::Drain;
                }
            },
            _ => None,
        };
        if !self.trust.is_trusted() && session.pending_lookups.note(&envelope, now).is_err() {
            let most = Some(TooManyPending::LIMIT);
            let why = Explanation::too_many(TooManyPending::REASON, "questions about jobs wait for an answer", most);
            self.refuse_explained(ArcpCode::InternalError, envelope.id(), Some(&why), now);
            return Flow::Drain;
        }
        session.sent_to_upstream(now);
        if rewritten.is_none() && self.actions.is_empty() {
            return Flow::Forward;
        }
        self.actions.push_back(Action::ToUpstream(rewritten.unwrap_or_else(|| text.to_owned())));
        Flow::Drain
    }

    /// A frame of the client that can't be read. One that is only nested too deeply, or has too many values, is a request that
    /// is refused in its name.
    fn refuse_unreadable(&mut self, text: &str, malformed: Malformed, now: Time) {
        let Stage::Open(session) = &self.stage else { return };
        let is_own = skim::name(text, "session_id").as_deref() == Some(session.id.as_str());
        let what = match malformed {
            Malformed::Json(Problem::TooDeep) => {
                Explanation::limit("too_deep", "is nested too deeply", json::MAX_DEPTH.into())
            }
            Malformed::Json(Problem::TooMany) => {
                Explanation::limit("too_many_values", "has too many values", json::MAX_VALUES as usize)
            }
            _ => return self.end(End::malformed(malformed), now),
        };
        match skim::name(text, "id") {
            Some(id) if is_own => self.refuse_explained(ArcpCode::InvalidRequest, &id, Some(&what), now),
            _ => self.end_explained(End::protocol("bad_json"), Some(&what), now),
        }
    }

    /// Whether a frame of the client goes on. What doesn't is dealt with.
    fn check_client_frame(&mut self, envelope: &Envelope<'_>, now: Time) -> bool {
        let Stage::Open(session) = &self.stage else { return false };
        let kind = envelope.kind();
        let is_own = match envelope.session_id() {
            Some(id) => id == session.id,
            // v1.0 §6.4 has a bye without it.
            None => matches!(kind, "session.bye" | "session.close" | "session.ping" | "session.pong"),
        };
        let feature = match kind {
            "session.hello" | "session.resume" => {
                self.end(End::protocol("second_hello"), now);
                return false;
            }
            _ if !is_own => {
                self.end(End::protocol("session_id"), now);
                return false;
            }
            "session.ping" => {
                self.pong(envelope, now);
                return false;
            }
            "session.pong" => return false,
            "session.close" | "session.bye" => {
                self.goodbye(envelope, now);
                return false;
            }
            // Advisory: without the feature it says nothing.
            "session.ack" if !session.features.has("ack") => return false,
            "session.list_jobs" => Some("list_jobs"),
            "job.subscribe" | "job.unsubscribe" => Some("subscribe"),
            "job.submit" if !session.may_submit => {
                self.refuse(ArcpCode::PermissionDenied, envelope.id(), now);
                return false;
            }
            "session.ack" | "job.cancel" | "job.submit" => None,
            _ if kind.starts_with("x-vendor.") => None,
            _ => {
                self.refuse(ArcpCode::InvalidRequest, envelope.id(), now);
                return false;
            }
        };
        if feature.is_some_and(|feature| !session.features.has(feature)) {
            // ARCP 1.1 §6.2: not used outside of what was agreed.
            self.refuse(ArcpCode::InvalidRequest, envelope.id(), now);
            return false;
        }
        true
    }

    /// The request is refused, the session goes on.
    fn refuse(&mut self, code: ArcpCode, request_id: &str, now: Time) {
        self.refuse_explained(code, request_id, None, now);
    }

    fn refuse_explained(&mut self, code: ArcpCode, request_id: &str, why: Option<&Explanation>, now: Time) {
        let payload = payload(code, code.is_retryable(), why).text("request_id", request_id);
        self.send_to_client("session.error", &payload.end(), now);
    }

    fn pong(&mut self, ping: &Envelope<'_>, now: Time) {
        match nonce_of(ping) {
            Some(nonce) => self.send_to_client("session.pong", &pong(nonce, now), now),
            None => self.refuse(ArcpCode::InvalidRequest, ping.id(), now),
        }
    }

    /// ARCP 1.1 §6.7 and v1.0 §6.4. The runtimes differ in which of the two they know; all know a socket that closes, and jobs go
    /// on either way. The Python SDK's demands a reason.
    fn goodbye(&mut self, farewell: &Envelope<'_>, now: Time) {
        let reason = farewell.get("reason").and_then(Value::as_str).filter(|reason| reason.len() <= MAX_NONCE);
        let payload = Members::new().text("reason", reason.unwrap_or("client_closed")).end();
        self.send_to_upstream("session.bye", &payload, now);
        if farewell.kind() == "session.close" {
            self.send_to_client("session.closed", "{}", now);
        }
        self.end(End::GOODBYE, now);
    }

    pub(super) fn relay_from_upstream(&mut self, text: &str, now: Time) -> Flow {
        if self.is_expired(now) {
            self.end(End::EXPIRED, now);
            return Flow::Drain;
        }
        let Stage::Open(session) = &mut self.stage else { return Flow::Drain };
        session.received_from_upstream(text.len(), now);
        let Ok(envelope) = Envelope::passed(text) else {
            self.end_undeliverable(Undeliverable::malformed(text), now);
            return Flow::Drain;
        };
        if let Some(seq) = envelope.event_seq() {
            if session.has_seen.is_some_and(|seen| seq <= seen) {
                return Flow::Drain;
            }
            session.last_seq = session.last_seq.max(seq);
        }
        let mut is_farewell = false;
        match envelope.kind() {
            "session.ping" => {
                if let Some(nonce) = nonce_of(&envelope) {
                    self.send_to_upstream("session.pong", &pong(nonce, now), now);
                }
                return Flow::Drain;
            }
            "session.pong" => return Flow::Drain,
            "session.welcome" | "session.hello" | "session.resume" => {
                self.end(End::undeliverable("upstream_second_welcome"), now);
                return Flow::Drain;
            }
            // Of our credential there, not of the client's.
            "session.error" if envelope.get("code").and_then(Value::as_str) == Some("UNAUTHENTICATED") => {
                self.end(End::restart("upstream_unauthenticated"), now);
                return Flow::Drain;
            }
            "session.closed" | "session.bye" => {
                session.must_close_by = Some(session.must_close_by.unwrap_or(now.plus(TIME_TO_CLOSE)));
                is_farewell = true;
            }
            _ => {}
        }
        let is_own = envelope.session_id() == Some(session.id.as_str());
        let answer = if self.trust.is_trusted() { None } else { session.pending_lookups.answer(&envelope, now) };
        let mut rewritten = match answer {
            None => None,
            Some(Instead::Frame(text)) => Some(text),
            Some(Instead::Ask(job)) => {
                let payload = Members::new().text("job_id", &job).end();
                self.send_to_upstream("job.subscribe", &payload, now);
                return Flow::Drain;
            }
        };
        if !is_own {
            // The Python SDK's runtime answers a repeated submit under the session of the first.
            let session_id = json::string(&session.id);
            rewritten = Some(skim::with_member(rewritten.as_deref().unwrap_or(text), "session_id", &session_id));
        }
        if is_farewell {
            // It brings a deadline nearer, and for a frame that only goes on nobody asks about deadlines.
            rewritten.get_or_insert_with(|| text.to_owned());
        }
        self.forward_to_client(text, rewritten, now)
    }

    /// Sends a frame on to the client. Where the platform doesn't tell what waits for it, it is asked for a sign of life first.
    fn forward_to_client(&mut self, text: &str, rewritten: Option<String>, now: Time) -> Flow {
        let Stage::Open(session) = &mut self.stage else { return Flow::Drain };
        session.sent_to_client(rewritten.as_deref().unwrap_or(text).len(), now);
        let bytes_since_received = if self.reports_buffered { 0 } else { session.bytes_since_received };
        let probes = bytes_since_received > self.config.max_buffered / 2
            && session.client_heartbeat.is_some()
            && !session.is_probed;
        session.is_probed |= probes;
        if bytes_since_received > self.config.max_buffered.saturating_mul(WITHOUT_REPORTS) {
            self.end(End::CLIENT_TOO_SLOW, now);
            return Flow::Drain;
        }
        if !probes && rewritten.is_none() {
            return Flow::Forward;
        }
        self.actions.push_back(Action::ToClient(rewritten.unwrap_or_else(|| text.to_owned())));
        if probes {
            self.ping_client(now);
        }
        Flow::Drain
    }
}

fn nonce_of<'e>(ping: &'e Envelope<'_>) -> Option<&'e str> {
    ping.get("nonce").and_then(Value::as_str).filter(|nonce| nonce.len() <= MAX_NONCE)
}

fn pong(nonce: &str, now: Time) -> String {
    Members::new().text("ping_nonce", nonce).text("received_at", &now.to_rfc3339()).end()
}
