//! Connections and sessions end.

use super::{Action, ArcpCode, Close, Hold, Outcome, Time};
use crate::json::Members;

impl Hold {
    /// A connection is gone; whoever closed it. Its session waits.
    pub(super) fn disconnected(&mut self, conn: u32, now: Time) {
        self.advance(now);
        self.leave(conn, now);
    }

    fn leave(&mut self, conn: u32, now: Time) {
        let number = self.number_of(conn);
        self.forget_conn(conn);
        let Some(number) = number else { return };
        self.left(number, now);
    }

    pub(super) fn forget_conn(&mut self, conn: u32) {
        self.conns.retain(|own| own.id != conn);
        for session in &mut self.sessions {
            session.conn = session.conn.filter(|own| *own != conn);
            session.waiting.take_if(|waiting| waiting.conn == conn);
        }
    }

    /// A session's client is away.
    pub(super) fn left(&mut self, number: u32, now: Time) {
        let window = self.limits.window;
        let Some(session) = self.session_mut(number) else { return };
        if session.is_opening() || session.owner.is_anonymous {
            return self.end_session(number, Close::Normal, Outcome::Cut, "client_gone", now);
        }
        session.ends_at = Some(now.plus(window));
        session.is_changed = true;
    }

    pub(super) fn close(&mut self, conn: u32, close: Close) {
        self.actions.push_back(Action::CloseClient { conn, close });
        self.conns.retain(|own| own.id != conn);
    }

    /// Ends a connection from this side.
    pub(super) fn drop_conn(&mut self, conn: u32, close: Close, now: Time) {
        self.close(conn, close);
        self.leave(conn, now);
    }

    /// A session ends, with all that is kept of it. The upstream is told as of a client that leaves: jobs run on there.
    pub(super) fn end_session(&mut self, number: u32, close: Close, outcome: Outcome, reason: &'static str, now: Time) {
        self.audit(number, "arcp.hold", outcome, reason);
        let payload = Members::new().text("reason", reason).end();
        self.say_upstream(number, "session.bye", &payload, now);
        let Some(at) = self.sessions.iter().position(|session| session.number == number) else { return };
        let session = self.sessions.remove(at);
        if let Some(link) = session.upstream.link() {
            self.actions.push_back(Action::CloseUpstream { link });
        }
        if let Some(conn) = session.conn {
            self.close(conn, close);
        }
        if let Some(waiting) = session.waiting {
            self.turn_away(waiting.conn, ArcpCode::InternalError, close, now);
        }
        if !session.id.is_empty() && !session.owner.is_anonymous {
            self.ended.push(session.id);
        }
    }
}
