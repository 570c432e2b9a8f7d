//! A session goes on with another connection (ARCP 1.1 §6.3).

use super::{session::Owner, Action, Audit, Close, Hub, Rc, Time};
use crate::{
    arcp::message::{Hello, Resume},
    json::Members,
    secret::Secret,
};

impl Hub {
    /// Brings a session back. The answer to every failure is the same, and none spends anything (rule 14, 134); the reason
    /// is for the audit log.
    pub(super) fn resume(
        &mut self,
        conn: u32,
        owner: &Owner,
        hello: &Hello,
        resume: &Resume,
        fresh: Secret,
        now: Time,
    ) -> Result<(), &'static str> {
        let features = hello.features.both(&self.features);
        let session = self.sessions.get_mut(&resume.session_id).ok_or("unknown_session")?;
        if session.owner.key != owner.key {
            return Err("another_principal");
        }
        if !session.accepts(resume.token.expose()) {
            return Err("wrong_token");
        }
        if !session.buffer.covers(resume.last_event_seq) {
            return Err("not_covered");
        }
        let displaced = session.conn.replace(conn);
        // The token that was shown stays until the client is heard of: it may never see the welcome (rule 11).
        session.previous = Some(resume.token.clone());
        session.token = fresh;
        session.features = features;
        session.is_python = hello.lists_agents;
        // The policy sees the principal as it is now: scopes and labels may have changed.
        session.owner = owner.clone();
        session.ends_at = None;
        session.is_over = false;
        let replayed: Vec<Rc<str>> = session.buffer.after(resume.last_event_seq).collect();
        if let Some(old) = displaced {
            let payload = Members::new().text("reason", Close::Displaced.reason()).end();
            self.send(old, &resume.session_id, "session.closed", &payload, now);
            self.close(old, Close::Displaced);
            self.forget_conn(old);
        }
        self.conns.push((conn, resume.session_id.clone()));
        self.welcome(conn, &resume.session_id, now);
        self.actions.extend(replayed.into_iter().map(|text| Action::Send { conn, text }));
        self.audit(Audit {
            kind: "arcp.resume",
            outcome: "allowed",
            reason: "ok",
            principal: Some(Rc::clone(&owner.key)),
            session: Some(resume.session_id.clone()),
            ..Audit::default()
        });
        Ok(())
    }
}
