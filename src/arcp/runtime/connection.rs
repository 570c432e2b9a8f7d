//! A connection comes: the gate's hello, and the welcome (ARCP 1.1 §6.2).

use super::{
    buffer::Buffer, flow_control::Conn, job::Job, refusal::ConnectionEnd, session::Owner, session::Session, Audit,
    Close, Envelope, Frame, Hub, Outcome, Rc, Time,
};
use crate::{
    arcp::{
        id::hex,
        message::{Hello, Party, Welcome},
    },
    auth::custom::principal_from_json,
    secret::Secret,
};

/// The scheme under which the gate names the principal that it has verified. Only the binding reaches a hub, so this is trusted.
pub const PRINCIPAL_SCHEME: &str = "x-vendor.arcgate.principal";

/// A connection that comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewConnection {
    pub(super) conn: u32,
    /// Whether its gate says what has left for the client ([`Hub::credited`]).
    pub(super) reports_credit: bool,
}

impl Hub {
    /// A connection says hello. `random` is fresh, and becomes the resume token.
    pub(super) fn connected(&mut self, conn: u32, hello: &str, random: &[u8; 32], reports_credit: bool, now: Time) {
        let connection = NewConnection { conn, reports_credit };
        self.advance(now);
        match self.open(connection, hello, random, now) {
            Ok(()) => {}
            Err(ConnectionEnd { refusal, close }) => {
                let (id, session) = (self.ids.next(now), format!("sess_{}", self.ids.next(now)));
                let payload = refusal.payload(None);
                let text = Frame::new("session.error", &id, &payload).of_session(&session).write();
                self.actions.push_back(super::Action::Send { conn, text: text.into() });
                self.close(conn, close);
            }
        }
    }

    fn open(
        &mut self,
        connection: NewConnection,
        text: &str,
        random: &[u8; 32],
        now: Time,
    ) -> Result<(), ConnectionEnd> {
        let conn = connection.conn;
        let (hello, owner) = self.read_hello(conn, text)?;
        self.check_pace(&owner.key, now)?;
        let token = Secret::new(format!("rt_{}", hex(random)));
        if let Some(resume) = &hello.resume {
            return self.resume(connection, &owner, &hello, resume, token, now).map_err(|reason| {
                let session = self.sessions.get(&resume.session_id).map(|session| session.id.clone());
                self.audit(Audit {
                    principal: Some(Rc::clone(&owner.key)),
                    session,
                    ..Audit::new("arcp.resume", Outcome::Refused, reason)
                });
                ConnectionEnd::NOT_RESUMABLE
            });
        }
        self.make_room(&owner)?;
        let id = format!("sess_{}", self.ids.next(now));
        let session = Session {
            id: id.clone(),
            owner,
            conn: Some(conn),
            features: hello.features.both(&self.features),
            is_python: hello.lists_agents,
            token: token.hashed(),
            previous: None,
            shown: 0,
            buffer: Buffer::default(),
            ends_at: None,
            is_held: false,
            is_over: false,
            stored: None,
        };
        self.sessions.insert(session);
        self.attach(Conn::new(conn, &id, connection.reports_credit));
        self.welcome(conn, &id, token, now);
        Ok(())
    }

    /// A hello, and the principal that the gate has verified.
    fn read_hello(&self, conn: u32, text: &str) -> Result<(Hello, Owner), ConnectionEnd> {
        if text.len() > self.limits.frame_bytes {
            return Err(ConnectionEnd::TOO_LARGE);
        }
        let envelope = Envelope::parse(text).map_err(|malformed| ConnectionEnd::protocol(malformed.subject()))?;
        if envelope.kind() != "session.hello" || self.session_on(conn).is_some() {
            return Err(ConnectionEnd::protocol("type"));
        }
        let hello = Hello::read(&envelope).map_err(|malformed| ConnectionEnd::protocol(malformed.subject()))?;
        if hello.scheme != PRINCIPAL_SCHEME {
            return Err(ConnectionEnd::UNAUTHENTICATED);
        }
        let principal = hello.token.as_ref().and_then(|token| std::str::from_utf8(token.expose()).ok());
        let Some(Ok(principal)) = principal.map(principal_from_json) else {
            return Err(ConnectionEnd::UNAUTHENTICATED);
        };
        let mut json = String::new();
        principal.write_json(&mut json);
        let owner = Owner { key: principal.key().into(), json: json.into() };
        Ok((hello, owner))
    }

    /// Sends the welcome with the session's new token, which is known by its hash from then on.
    pub(super) fn welcome(&mut self, conn: u32, session_id: &str, token: Secret, now: Time) {
        let Some(session) = self.sessions.get(session_id) else { return };
        let payload = Welcome {
            runtime: Party { name: "arcgate".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
            resume_token: Some(token),
            resume_window_sec: self.limits.resume_window.as_millis() as f64 / 1000.0,
            heartbeat_interval_sec: None,
            features: session.features.clone(),
            agents: self.agents.listed(),
        }
        .write(session_id, &now.to_rfc3339());
        self.send(conn, session_id, "session.welcome", &payload, now);
    }

    /// One more session of this principal must fit in. Those that are not connected go first, the oldest of them before others.
    fn make_room(&mut self, owner: &Owner) -> Result<(), ConnectionEnd> {
        if let Some((what, most)) = self.check_room_for_session(owner) {
            self.audit(Audit {
                principal: Some(Rc::clone(&owner.key)),
                ..Audit::new("arcp.session", Outcome::Refused, "store_full")
            });
            return Err(ConnectionEnd::store_full(what, most));
        }
        let own = self.sessions.values().filter(|session| session.owner.key == owner.key).count();
        let oldest = |only_own: bool| {
            let lost = self.sessions.values().filter(|session| session.conn.is_none());
            let lost = lost.filter(|session| !only_own || session.owner.key == owner.key);
            lost.min_by_key(|session| session.ends_at).map(|session| session.id.clone())
        };
        let gone = if own >= self.limits.sessions {
            oldest(true)
        } else if self.sessions.len() >= self.limits.all_sessions {
            oldest(false)
        } else {
            return Ok(());
        };
        let Some(gone) = gone else {
            self.audit(Audit {
                principal: Some(Rc::clone(&owner.key)),
                ..Audit::new("arcp.session", Outcome::Refused, "too_many_sessions")
            });
            let most = if own >= self.limits.sessions { self.limits.sessions } else { self.limits.all_sessions };
            return Err(ConnectionEnd::too_many_sessions(most));
        };
        self.forget_session(&gone);
        Ok(())
    }

    /// A connection is gone; whoever closed it. Its session can be resumed, and its jobs go on.
    pub(super) fn disconnected(&mut self, conn: u32, now: Time) {
        self.advance(now);
        self.leave(conn, now);
    }

    pub(super) fn leave(&mut self, conn: u32, now: Time) {
        let Some(id) = self.session_on(conn).map(str::to_owned) else { return };
        self.forget_conn(conn);
        let window = self.limits.resume_window;
        if let Some(session) = self.sessions.get_mut(&id) {
            session.conn = None;
            session.ends_at = Some(now.plus(window));
            self.is_due_at(Some(now.plus(window)));
            self.control_all_flows();
        }
    }

    /// Ends a connection from this side.
    pub(super) fn drop_conn(&mut self, conn: u32, close: Close, now: Time) {
        self.close(conn, close);
        self.leave(conn, now);
    }

    /// A session ends: what it submitted goes on without it.
    pub(super) fn forget_session(&mut self, id: &str) {
        let Some(session) = self.sessions.remove(id) else { return };
        self.is_due_no_more();
        self.buffered = self.buffered.saturating_sub(session.buffer.all().bytes);
        if let Some(conn) = session.conn {
            self.forget_conn(conn);
        }
        let follows = |job: &&Job| job.followers.iter().any(|follower| follower.session == id);
        let jobs: Vec<String> = self.jobs.values().filter(follows).map(|job| job.id.clone()).collect();
        for job in jobs {
            if let Some(job) = self.jobs.get_mut(&job) {
                job.followers.retain(|follower| follower.session != id);
            }
        }
        self.control_all_flows();
    }
}
