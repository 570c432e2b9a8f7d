//! A client comes, by the gate's hello: with a session of the hold's, or for one of the upstream's (ARCP 1.1 §6.2, §6.3).

use std::rc::Rc;

use super::{
    delivery::Conn,
    session::{Owner, Session, Waiting},
    store::token_of,
    upstream::Upstream,
    Action, ArcpCode, Close, Envelope, Frame, Hold, Outcome, Time,
};
use crate::{
    arcp::{
        message::{error_payload, Hello, Resume, Welcome},
        runtime::PRINCIPAL_SCHEME,
    },
    auth::custom::principal_from_json,
    json::Members,
    secret::Secret,
};

/// What every hold can, whatever its upstream can: it keeps what isn't acknowledged.
const ACK: &str = "ack";

impl Hold {
    /// A connection says hello.
    pub(super) fn connected(
        &mut self,
        connection: Conn,
        text: &str,
        credential: Option<Secret>,
        random: &[u8; 32],
        now: Time,
    ) {
        self.advance(now);
        let conn = connection.id;
        if self.conns.iter().any(|own| own.id == conn) {
            return;
        }
        self.conns.push(connection);
        let Some((mut hello, owner)) = read_hello(text, credential.as_ref()) else {
            return self.turn_away(conn, ArcpCode::InvalidRequest, Close::Protocol, now);
        };
        let token = token_of(random);
        let until = now.plus(self.limits.open);
        match hello.resume.take() {
            Some(resume) => {
                self.resume(owner, hello, credential, Waiting { conn, token, resume: Some(resume), until }, now)
            }
            None => self.open(owner, hello, credential, Waiting { conn, token, resume: None, until }, now),
        }
    }

    fn open(&mut self, owner: Owner, hello: Hello, credential: Option<Secret>, waiting: Waiting, now: Time) {
        let conn = waiting.conn;
        if self.sessions.len() >= self.limits.sessions && !self.make_room(now) {
            let limit = i64::try_from(self.limits.sessions).unwrap_or(i64::MAX);
            let details = Members::new().text("reason", "too_many_sessions").integer("limit", limit);
            let payload = Members::new()
                .text("code", ArcpCode::PermissionDenied.as_str())
                .text("message", "Too many sessions")
                .boolean("retryable", true)
                .raw("details", &details.end());
            return self.refuse(conn, &payload.end(), Close::TooMany, now);
        }
        let number = self.number();
        let mut session = Session::new(number, owner, told_upstream(hello), credential);
        session.waiting = Some(waiting);
        self.sessions.push(session);
        self.dial(number, now);
    }

    /// The session that is longest away goes for a new one.
    fn make_room(&mut self, now: Time) -> bool {
        let away = self.sessions.iter().filter(|session| session.conn.is_none() && session.waiting.is_none());
        let Some(oldest) = away.min_by_key(|session| session.ends_at).map(|session| session.number) else {
            return false;
        };
        self.end_session(oldest, Close::Normal, Outcome::Cut, "too_many_sessions", now);
        true
    }

    /// Brings a session back. The answer to every failure is the same, and none spends anything; the reason is for the audit log.
    fn resume(&mut self, owner: Owner, hello: Hello, credential: Option<Secret>, waiting: Waiting, now: Time) {
        let conn = waiting.conn;
        let refused = match &waiting.resume {
            Some(resume) => self.session_wanted(&owner, resume),
            None => Err("unknown_session"),
        };
        let number = match refused {
            Ok(number) => number,
            Err(reason) => {
                let principal = Rc::clone(&owner.key);
                let audit =
                    super::Audit { kind: "arcp.resume", outcome: Outcome::Refused, reason, principal, session: None };
                self.actions.push_back(Action::Audit(audit));
                return self.turn_away(conn, ArcpCode::ResumeWindowExpired, Close::Protocol, now);
            }
        };
        let Some(session) = self.session_mut(number) else { return };
        // Who shows the token later is the client.
        let (older, old) = (session.waiting.take(), session.conn.take());
        (session.owner, session.credential) = (owner, credential);
        session.hello.client = hello.client;
        session.hello.lists_agents = hello.lists_agents;
        session.waiting = Some(waiting);
        session.ends_at = None;
        session.is_changed = true;
        session.numbers.tried_anew();
        let id = session.id.clone();
        for old in older.map(|waiting| waiting.conn).into_iter().chain(old) {
            let payload = Members::new().text("reason", Close::Displaced.reason()).end();
            self.send(old, &id, "session.closed", &payload, now);
            self.close(old, Close::Displaced);
        }
        match self.session(number).map(|session| &session.upstream) {
            Some(Upstream::Open { .. } | Upstream::Over) => self.admit(number, now),
            // It is asked with the credential that is fresh now.
            Some(Upstream::AwaitingClient | Upstream::Backoff { .. }) => self.dial(number, now),
            _ => {}
        }
    }

    /// The session that is asked for: the clients of some SDKs name it by its token alone.
    fn session_wanted(&mut self, owner: &Owner, resume: &Resume) -> Result<u32, &'static str> {
        let token = resume.token.hashed();
        let is_it = |session: &&mut Session| match resume.session_id.as_str() {
            "" => session.accepts(&token),
            id => session.id == id,
        };
        let session = self.sessions.iter_mut().filter(|session| !session.is_opening()).find(is_it);
        let session = session.ok_or("unknown_session")?;
        session.count_resume(owner, resume)?;
        Ok(session.number)
    }

    /// The client that waits for a session has it: the upstream is there, or will not be again.
    pub(super) fn admit(&mut self, number: u32, now: Time) {
        let window = self.limits.window;
        let Some(session) = self.session_mut(number) else { return };
        let Some(waiting) = session.waiting.take() else { return };
        let Some(welcome) = &session.welcome else { return };
        let Waiting { conn, token, resume, .. } = waiting;
        session.conn = Some(conn);
        session.previous = resume.as_ref().map(|resume| resume.token.hashed());
        session.token = Some(token.hashed());
        session.ends_at = None;
        session.is_changed = true;
        let has_seen = resume.as_ref().map_or(0, |resume| resume.last_event_seq);
        session.buffer.rewind(has_seen);
        let welcome = Welcome {
            resume_token: Some(token),
            resume_window_sec: window.as_millis() as f64 / 1000.0,
            heartbeat_interval_sec: None,
            features: welcome.features.clone().without("heartbeat").with(ACK),
            ..welcome.clone()
        };
        let id = session.id.clone();
        let payload = welcome.write(&id, &now.to_rfc3339());
        self.send(conn, &id, "session.welcome", &payload, now);
        if resume.is_some() {
            self.audit(number, "arcp.resume", Outcome::Allowed, "ok");
        }
        self.pump(number, now);
        if let Some(session) = self.session_mut(number) {
            // As good as an acknowledgement: this is what it has.
            session.buffer.free(has_seen);
        }
    }

    /// A connection that has no session ends with an error.
    pub(super) fn turn_away(&mut self, conn: u32, code: ArcpCode, close: Close, now: Time) {
        let payload = error_payload(code, code.message());
        self.refuse(conn, &payload, close, now);
    }

    fn refuse(&mut self, conn: u32, payload: &str, close: Close, now: Time) {
        let (id, nobodys) = (self.ids.next(now), format!("sess_{}", self.ids.next(now)));
        let text = Frame::new("session.error", &id, payload).of_session(&nobodys).write();
        self.actions.push_back(Action::ToClient { conn, text: text.into() });
        self.close(conn, close);
    }
}

/// A hello, and the principal that the gate has verified: only the binding reaches a hold, so this is believed.
fn read_hello(text: &str, credential: Option<&Secret>) -> Option<(Hello, Owner)> {
    let envelope = Envelope::parse(text).ok()?;
    let hello = Hello::read(&envelope).ok().filter(|hello| hello.scheme == PRINCIPAL_SCHEME)?;
    let principal = std::str::from_utf8(hello.token.as_ref()?.expose()).ok()?;
    let owner = Owner::of(&principal_from_json(principal).ok()?, credential);
    (envelope.kind() == "session.hello").then_some((hello, owner))
}

/// What the upstream is told of a client: heartbeats and acknowledgements are the hold's own.
fn told_upstream(hello: Hello) -> Hello {
    let features = hello.features.with("heartbeat").with(ACK);
    Hello { features, token: None, resume: None, ..hello }
}
