//! The open session: each frame is checked, then forwarded as it is.

use super::{
    action::Action,
    config::Config,
    handshake::reason_of,
    hidden::Asked,
    machine::{error, Flow, Gate, Stage},
    pulse::{Beat, Pulse},
    refusal::End,
};
use crate::{
    arcp::{features::Features, ArcpCode, Envelope, Frame},
    json::{Members, Value},
    time::{Span, Time},
};

/// A session whose revocation can't be asked about ends after this long.
const LONGEST_UNKNOWN: Span = Span::from_secs(30);

/// Who has said goodbye closes within this time.
const TIME_TO_CLOSE: Span = Span::from_secs(5);

/// A ping's nonce may be this long, in bytes.
const MAX_NONCE: usize = 256;

/// Where the platform doesn't tell what waits to be sent, a client may leave so many times that much without a sign of life.
const WITHOUT_GAUGE: usize = 4;

/// What is known of an open session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    features: Features,
    may_submit: bool,
    client: Option<Pulse>,
    behind: Option<Pulse>,
    /// What the client was sent since it was last heard of, in bytes, and whether it was asked for a sign of life since.
    unheard: usize,
    is_probed: bool,
    interval: Option<Span>,
    next_ask: Option<Time>,
    last_known: Time,
    /// What is behind has said that nothing more comes: when it must have closed.
    dismissed: Option<Time>,
    asked: Asked,
    opened: Time,
    from_client: (i64, i64),
    from_behind: (i64, i64),
}

/// What an answer about revocation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Fine,
    Revoked,
    Unknown,
}

impl Session {
    pub(super) fn new(
        config: &Config,
        id: &str,
        features: Features,
        may_submit: bool,
        behind_beat: Option<f64>,
        now: Time,
    ) -> Self {
        let beat = behind_beat.map(|seconds| Span::from_millis((seconds.clamp(0.05, 3600.0) * 1000.0) as i64));
        Self {
            id: id.to_owned(),
            may_submit,
            client: features.has("heartbeat").then(|| Pulse::new(config.heartbeat, now)),
            features,
            behind: beat.map(|beat| Pulse::new(beat, now)),
            unheard: 0,
            is_probed: false,
            interval: None,
            next_ask: None,
            last_known: now,
            dismissed: None,
            asked: Asked::default(),
            opened: now,
            from_client: (0, 0),
            from_behind: (0, 0),
        }
    }

    /// Asks about revocation so often.
    pub(super) fn asking(mut self, interval: Option<Span>) -> Self {
        self.interval = interval;
        self.next_ask = interval.map(|interval| self.opened.plus(interval));
        self
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        let pulses = [&self.client, &self.behind].into_iter().flatten().map(Pulse::deadline);
        pulses.chain(self.next_ask).chain(self.dismissed).min()
    }

    pub(super) fn told_client(&mut self, bytes: usize, now: Time) {
        self.unheard = self.unheard.saturating_add(bytes);
        if let Some(pulse) = &mut self.client {
            pulse.tell(now);
        }
    }

    fn heard_client(&mut self, bytes: usize, now: Time) {
        self.unheard = 0;
        self.is_probed = false;
        self.from_client.0 += 1;
        self.from_client.1 += bytes as i64;
        if let Some(pulse) = &mut self.client {
            pulse.hear(now);
        }
    }

    fn heard_behind(&mut self, bytes: usize, now: Time) {
        self.from_behind.0 += 1;
        self.from_behind.1 += bytes as i64;
        if let Some(pulse) = &mut self.behind {
            pulse.hear(now);
        }
    }

    fn told_behind(&mut self, now: Time) {
        if let Some(pulse) = &mut self.behind {
            pulse.tell(now);
        }
    }

    pub(super) fn asked(&mut self, revoked: Option<bool>, now: Time) -> Ask {
        self.next_ask = self.interval.map(|interval| now.plus(interval));
        match revoked {
            Some(true) => Ask::Revoked,
            Some(false) => {
                self.last_known = now;
                Ask::Fine
            }
            None if now.since(self.last_known) >= LONGEST_UNKNOWN => Ask::Unknown,
            None => Ask::Fine,
        }
    }

    /// The numbers of the session, for the audit log.
    pub(super) fn account(&self, event: Members, now: Time) -> Members {
        event
            .text("session", &self.id)
            .integer("durationMs", now.since(self.opened).as_millis())
            .integer("clientFrames", self.from_client.0)
            .integer("clientBytes", self.from_client.1)
            .integer("upstreamFrames", self.from_behind.0)
            .integer("upstreamBytes", self.from_behind.1)
    }
}

impl Gate {
    pub(super) fn tick_open(&mut self, now: Time) {
        let Stage::Open(session) = &mut self.stage else { return };
        if session.dismissed.is_some_and(|at| now >= at) {
            return self.end(End::DISMISSED, now);
        }
        let is_due = session.next_ask.is_some_and(|at| now >= at);
        if is_due {
            // Asked once; the answer says when again.
            session.next_ask = None;
        }
        let client = session.client.as_mut().map_or(Beat::None, |pulse| pulse.beat(now));
        let behind = session.behind.as_mut().map_or(Beat::None, |pulse| pulse.beat(now));
        if client == Beat::Lost {
            return self.end(End::SILENT, now);
        }
        if behind == Beat::Lost {
            return self.end(End::restart("upstream_silent"), now);
        }
        if is_due {
            self.push(Action::AskRevoked);
        }
        if client == Beat::Ping {
            self.ping_client(now);
        }
        if behind == Beat::Ping {
            let payload = self.ping(now);
            self.tell_behind("session.ping", &payload, now);
        }
    }

    fn ping(&mut self, now: Time) -> String {
        let nonce = format!("p_{}", self.ids.next(now));
        Members::new().text("nonce", &nonce).text("sent_at", &now.to_rfc3339()).end()
    }

    fn ping_client(&mut self, now: Time) {
        let payload = self.ping(now);
        self.tell_client("session.ping", &payload, now);
    }

    fn tell_behind(&mut self, kind: &str, payload: &str, now: Time) {
        let id = self.ids.next(now);
        let Stage::Open(session) = &mut self.stage else { return };
        session.told_behind(now);
        let text = Frame::new(kind, &id, payload).of_session(&session.id).write();
        self.push(Action::ToBehind(text));
    }

    pub(super) fn relay_from_client(&mut self, text: &str, now: Time) -> Flow {
        if self.is_past_end(now) {
            self.end(End::EXPIRED, now);
            return Flow::Drain;
        }
        let Stage::Open(session) = &mut self.stage else { return Flow::Drain };
        session.heard_client(text.len(), now);
        let envelope = match Envelope::parse(text) {
            Ok(envelope) => envelope,
            Err(malformed) => {
                self.end(End::protocol(reason_of(malformed)), now);
                return Flow::Drain;
            }
        };
        let kind = envelope.kind();
        let is_own = match envelope.session_id() {
            Some(id) => id == session.id,
            // v1.0 §6.4 has a bye without it.
            None => matches!(kind, "session.bye" | "session.close" | "session.ping" | "session.pong"),
        };
        let feature = match kind {
            "session.hello" | "session.resume" => {
                self.end(End::protocol("second_hello"), now);
                return Flow::Drain;
            }
            _ if !is_own => {
                self.end(End::protocol("session_id"), now);
                return Flow::Drain;
            }
            "session.ping" => {
                self.pong(&envelope, now);
                return Flow::Drain;
            }
            "session.pong" => return Flow::Drain,
            "session.close" | "session.bye" => {
                self.goodbye(&envelope, now);
                return Flow::Drain;
            }
            // Advisory: without the feature it says nothing.
            "session.ack" if !session.features.has("ack") => return Flow::Drain,
            "session.ack" | "job.cancel" => None,
            "session.list_jobs" => Some("list_jobs"),
            "job.subscribe" | "job.unsubscribe" => Some("subscribe"),
            "job.submit" if !session.may_submit => {
                self.refuse(ArcpCode::PermissionDenied, envelope.id(), now);
                return Flow::Drain;
            }
            "job.submit" => None,
            _ if kind.starts_with("x-vendor.") => None,
            _ => {
                self.refuse(ArcpCode::InvalidRequest, envelope.id(), now);
                return Flow::Drain;
            }
        };
        if feature.is_some_and(|feature| !session.features.has(feature)) {
            // ARCP 1.1 §6.2: not used outside of what was agreed.
            self.refuse(ArcpCode::InvalidRequest, envelope.id(), now);
            return Flow::Drain;
        }
        session.told_behind(now);
        if !self.trusted {
            session.asked.note(&envelope);
        }
        Flow::Forward
    }

    /// The request is refused, the session goes on.
    fn refuse(&mut self, code: ArcpCode, request_id: &str, now: Time) {
        self.tell_client("session.error", &error(code, Some(request_id)), now);
    }

    fn pong(&mut self, ping: &Envelope<'_>, now: Time) {
        match nonce_of(ping) {
            Some(nonce) => self.tell_client("session.pong", &pong(nonce, now), now),
            None => self.refuse(ArcpCode::InvalidRequest, ping.id(), now),
        }
    }

    /// ARCP 1.1 §6.7 and v1.0 §6.4. The runtimes differ in which of the two they know; all know a socket that closes, and jobs go
    /// on either way. The Python SDK's demands a reason.
    fn goodbye(&mut self, said: &Envelope<'_>, now: Time) {
        let reason = said.get("reason").and_then(Value::as_str).filter(|reason| reason.len() <= MAX_NONCE);
        let payload = Members::new().text("reason", reason.unwrap_or("client_closed")).end();
        self.tell_behind("session.bye", &payload, now);
        if said.kind() == "session.close" {
            self.tell_client("session.closed", "{}", now);
        }
        self.end(End::GOODBYE, now);
    }

    /// A text frame from behind.
    pub fn behind_text(&mut self, text: &str, now: Time) -> Flow {
        if text.len() > self.config.max_behind {
            self.behind_oversized(now);
            return Flow::Drain;
        }
        match self.stage {
            Stage::Open(_) => return self.relay_from_behind(text, now),
            Stage::Greeting => self.handle_answer(text, now),
            Stage::Sealing(_) => self.hold(text, now),
            _ => {}
        }
        Flow::Drain
    }

    /// A binary frame from behind.
    pub fn behind_binary(&mut self, now: Time) {
        self.end(End::restart("upstream_binary_frame"), now);
    }

    /// A frame from behind over [`Self::behind_limit`].
    pub fn behind_oversized(&mut self, now: Time) {
        self.end(End::restart("upstream_frame_too_large"), now);
    }

    /// What is behind has closed, with this code.
    pub fn behind_closed(&mut self, code: u16, now: Time) {
        let end = match &mut self.stage {
            Stage::Sealing(sealing) => {
                sealing.closed = Some(code);
                return;
            }
            Stage::Open(session) if session.dismissed.is_some() => End::DISMISSED,
            Stage::Open(_) if self.trusted => match code {
                4409 => End::DISPLACED,
                4429 => End::SLOW,
                _ => End::restart("upstream_lost"),
            },
            _ => End::restart("upstream_lost"),
        };
        self.end(end, now);
    }

    fn relay_from_behind(&mut self, text: &str, now: Time) -> Flow {
        if self.is_past_end(now) {
            self.end(End::EXPIRED, now);
            return Flow::Drain;
        }
        let Stage::Open(session) = &mut self.stage else { return Flow::Drain };
        session.heard_behind(text.len(), now);
        let Ok(envelope) = Envelope::parse(text) else {
            self.end(End::restart("upstream_malformed"), now);
            return Flow::Drain;
        };
        match envelope.kind() {
            "session.ping" => {
                if let Some(nonce) = nonce_of(&envelope) {
                    self.tell_behind("session.pong", &pong(nonce, now), now);
                }
                return Flow::Drain;
            }
            "session.pong" => return Flow::Drain,
            "session.welcome" | "session.hello" | "session.resume" => {
                self.end(End::restart("upstream_second_welcome"), now);
                return Flow::Drain;
            }
            // Of our credential there, not of the client's.
            "session.error" if envelope.get("code").and_then(Value::as_str) == Some("UNAUTHENTICATED") => {
                self.end(End::restart("upstream_unauthenticated"), now);
                return Flow::Drain;
            }
            "session.closed" | "session.bye" => {
                session.dismissed = Some(session.dismissed.unwrap_or(now.plus(TIME_TO_CLOSE)));
            }
            _ => {}
        }
        let is_own = envelope.session_id() == Some(session.id.as_str());
        let mut rewritten = if self.trusted { None } else { session.asked.answer(&envelope) };
        if !is_own {
            let ours = rewritten.as_deref().and_then(|text| Envelope::parse(text).ok());
            rewritten = Some(of_session(ours.as_ref().unwrap_or(&envelope), &session.id));
        }
        session.told_client(rewritten.as_deref().unwrap_or(text).len(), now);
        let unheard = if self.has_gauge { 0 } else { session.unheard };
        let probes = unheard > self.config.max_buffered / 2 && session.client.is_some() && !session.is_probed;
        session.is_probed |= probes;
        if unheard > self.config.max_buffered.saturating_mul(WITHOUT_GAUGE) {
            self.end(End::SLOW, now);
            return Flow::Drain;
        }
        if !probes && rewritten.is_none() {
            return Flow::Forward;
        }
        self.push(Action::ToClient(rewritten.unwrap_or_else(|| text.to_owned())));
        if probes {
            self.ping_client(now);
        }
        Flow::Drain
    }
}

/// The same frame under our session's id. The Python SDK's runtime answers a repeated submit under the session of the first.
fn of_session(envelope: &Envelope<'_>, session_id: &str) -> String {
    let mut members = Members::new();
    for (name, value) in envelope.members().filter(|(name, _)| *name != "session_id") {
        members = members.value(name, value);
    }
    members.text("session_id", session_id).end()
}

fn nonce_of<'e>(ping: &'e Envelope<'_>) -> Option<&'e str> {
    ping.get("nonce").and_then(Value::as_str).filter(|nonce| nonce.len() <= MAX_NONCE)
}

fn pong(nonce: &str, now: Time) -> String {
    Members::new().text("ping_nonce", nonce).text("received_at", &now.to_rfc3339()).end()
}
