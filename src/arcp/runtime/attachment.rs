//! What a socket carries for when it outlives the hub: its session, and what it was not sent yet.
//!
//! A platform that lets a hub go while nothing happens keeps the sockets. It is told once whose a socket is; and again only while
//! there is more for it than it takes, for what it was sent then stands nowhere else.

use super::{
    flow_control::{Attached, Conn},
    Action, Hub,
};

impl Hub {
    /// A session has a connection.
    pub(super) fn attach(&mut self, conn: Conn) {
        if self.is_stored {
            self.to_attach.push(conn.id);
        }
        self.conns.push(conn);
    }

    /// What a session was sent may have to be noted.
    pub(super) fn note_position(&mut self, session_id: &str) {
        if !self.is_stored {
            return;
        }
        let Some(session) = self.sessions.get(session_id) else { return };
        let Some(id) = session.conn.filter(|id| !self.to_attach.contains(id)) else { return };
        let was_behind = |conn: &Conn| conn.attached.as_ref().is_some_and(|attached| attached.sent.is_some());
        if session.buffer.unsent().events > 0 || self.conns.iter().any(|conn| conn.id == id && was_behind(conn)) {
            self.to_attach.push(id);
        }
    }

    /// What a socket is to carry from now on.
    pub(super) fn next_attachment(&mut self) -> Option<Action> {
        while let Some(id) = self.to_attach.pop() {
            let Some(conn) = self.conns.iter_mut().find(|conn| conn.id == id) else { continue };
            let Some(session) = self.sessions.get(&conn.session) else { continue };
            let unread = conn.unread.as_ref().map(|sizes| sizes.len());
            let is_behind = session.buffer.unsent().events > 0;
            let attached = Attached {
                session: session.id.clone(),
                is_paced: unread.is_some(),
                sent: is_behind.then(|| (session.buffer.sent(), unread.unwrap_or(0), conn.unread_bytes)),
            };
            if conn.attached.as_ref() != Some(&attached) {
                let attachment = attached.write();
                conn.attached = Some(attached);
                return Some(Action::Attach { conn: id, attachment });
            }
        }
        None
    }
}

impl Attached {
    fn write(&self) -> String {
        let paced = if self.is_paced { "paced" } else { "unpaced" };
        match self.sent {
            Some((sent, frames, bytes)) => format!("{} {paced} {sent} {frames} {bytes}", self.session),
            None => format!("{} {paced}", self.session),
        }
    }

    /// What [`Self::write`] has written.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let session = parts.next()?.to_owned();
        let is_paced = match parts.next()? {
            "paced" => true,
            "unpaced" => false,
            _ => return None,
        };
        let sent = match parts.next() {
            None => None,
            Some(sent) => Some((sent.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?)),
        };
        parts.next().is_none().then_some(Self { session, is_paced, sent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_is_read_as_it_was_written() {
        for sent in [None, Some((7, 2, 300))] {
            for is_paced in [true, false] {
                let attached = Attached { session: "sess_1".to_owned(), is_paced, sent };
                assert_eq!(Attached::read(&attached.write()), Some(attached));
            }
        }
        for damaged in ["", "sess_1", "sess_1 x", "sess_1 paced 1", "sess_1 paced 1 2 x", "sess_1 paced 1 2 3 4"] {
            assert_eq!(Attached::read(damaged), None, "{damaged}");
        }
    }
}
