//! A session goes on with another connection (ARCP 1.1 §6.3).

use super::{connection::NewConnection, flow_control::Conn, session::Owner, Audit, Close, Hub, Outcome, Rc, Time};
use crate::{
    arcp::message::{Hello, Resume},
    json::Members,
    secret::{Hashed, Secret},
};

impl Hub {
    /// Brings a session back. The answer to every failure is the same, and none spends anything (rule 14, 134); the reason
    /// is for the audit log.
    pub(super) fn resume(
        &mut self,
        NewConnection { conn, reports_credit }: NewConnection,
        owner: &Owner,
        hello: &Hello,
        resume: &Resume,
        fresh: Secret,
        now: Time,
    ) -> Result<(), &'static str> {
        let features = hello.features.both(&self.features);
        let shown = resume.token.hashed();
        let id = self.resumed_id(owner, resume, &shown).ok_or("unknown_session")?;
        let session = self.sessions.get_mut(&id).ok_or("unknown_session")?;
        session.count_resume(owner, resume, &shown)?;
        let displaced = session.conn.replace(conn);
        // The token that was shown stays until the client is heard of: it may never see the welcome (rule 11).
        session.previous = Some(shown);
        session.token = fresh.hashed();
        session.features = features;
        session.is_python = hello.lists_agents;
        // The policy sees the principal as it is now: scopes and labels may have changed.
        session.owner = owner.clone();
        session.ends_at = None;
        self.due.set(None);
        session.is_over = false;
        session.buffer.rewind(resume.last_event_seq);
        if session.acknowledges() {
            // As good as an acknowledgement: this is what it has.
            let before = session.buffer.all().bytes;
            session.buffer.free(resume.last_event_seq);
            self.buffered = (self.buffered + session.buffer.all().bytes).saturating_sub(before);
        }
        if let Some(old) = displaced {
            self.displace(old, &id, now);
        }
        self.attach(Conn::new(conn, &id, reports_credit));
        self.welcome(conn, &id, fresh, now);
        self.audit(Audit {
            principal: Some(Rc::clone(&owner.key)),
            session: Some(id.clone()),
            ..Audit::new("arcp.resume", Outcome::Allowed, "ok")
        });
        self.go_on(conn, &id, now);
        Ok(())
    }

    /// The connection that a session had until now ends.
    fn displace(&mut self, old: u32, session_id: &str, now: Time) {
        let payload = Members::new().text("reason", Close::Displaced.reason()).end();
        self.send(old, session_id, "session.closed", &payload, now);
        self.close(old, Close::Displaced);
        self.forget_conn(old);
    }

    /// The session that is asked for: the clients of some SDKs name it by its token alone.
    fn resumed_id(&self, owner: &Owner, resume: &Resume, shown: &Hashed) -> Option<String> {
        if !resume.session_id.is_empty() {
            return Some(resume.session_id.clone());
        }
        let own = self.sessions.values().filter(|session| session.owner.key == owner.key);
        own.filter(|session| session.accepts(shown)).map(|session| session.id.clone()).next()
    }
}
