//! What goes to a client: as far as its connection takes it, and the rest waits.

use std::{collections::VecDeque, rc::Rc};

use super::{upstream::Upstream, Action, Close, Frame, Hold, Outcome, Time};

/// What may be on its way to a client beyond the hold, where the gate says what has left: bytes and frames.
const PIPE_BYTES: usize = 256 << 10;
const PIPE_FRAMES: usize = 512;
/// What a client asks for and doesn't read may take this much.
const MOST_UNREAD: usize = 4 << 20;

/// A connection.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) id: u32,
    /// The sizes of the frames that have not left yet; none where nobody says so.
    unread: Option<VecDeque<usize>>,
    unread_bytes: usize,
}

impl Conn {
    pub(super) fn new(id: u32, reports_credit: bool) -> Self {
        Self { id, unread: reports_credit.then(VecDeque::new), unread_bytes: 0 }
    }

    pub(super) fn has_room(&self) -> bool {
        self.unread.as_ref().is_none_or(|sizes| self.unread_bytes < PIPE_BYTES && sizes.len() < PIPE_FRAMES)
    }

    /// Whether so much may be sent at once.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        self.unread.is_none() || self.unread_bytes.saturating_add(bytes) < MOST_UNREAD - PIPE_BYTES
    }
}

impl Hold {
    /// The session of a connection: that it has, or waits for.
    pub(super) fn number_of(&self, conn: u32) -> Option<u32> {
        let is_its = |session: &&super::Session| {
            session.conn == Some(conn) || session.waiting.as_ref().is_some_and(|waiting| waiting.conn == conn)
        };
        self.sessions.iter().find(is_its).map(|session| session.number)
    }

    /// Sends a frame, whatever is under way.
    pub(super) fn deliver(&mut self, conn: u32, text: Rc<str>, now: Time) {
        let Some(own) = self.conns.iter_mut().find(|own| own.id == conn) else { return };
        let mut is_choked = false;
        if let Some(sizes) = &mut own.unread {
            sizes.push_back(text.len());
            own.unread_bytes += text.len();
            // The largest frame alone is less than half of that (`limits`).
            is_choked = own.unread_bytes > MOST_UNREAD;
        }
        self.actions.push_back(Action::ToClient { conn, text });
        if is_choked {
            self.drop_conn(conn, Close::TooMany, now);
        }
    }

    /// Sends a frame of the hold's own.
    pub(super) fn send(&mut self, conn: u32, session_id: &str, kind: &str, payload: &str, now: Time) {
        let id = self.ids.next(now);
        let text = Frame::new(kind, &id, payload).of_session(session_id).write();
        self.deliver(conn, text.into(), now);
    }

    /// The gate says that so many frames have left for the client.
    pub(super) fn credited(&mut self, conn: u32, frames: u32, now: Time) {
        self.advance(now);
        let Some(own) = self.conns.iter_mut().find(|own| own.id == conn) else { return };
        if let Some(sizes) = &mut own.unread {
            for _ in 0..frames {
                let Some(size) = sizes.pop_front() else { break };
                own.unread_bytes = own.unread_bytes.saturating_sub(size);
            }
        }
        if let Some(number) = self.number_of(conn) {
            self.pump(number, now);
        }
    }

    /// Gives a session's connection what waits for it.
    pub(super) fn pump(&mut self, number: u32, now: Time) {
        loop {
            let Some(session) = self.sessions.iter_mut().find(|session| session.number == number) else { return };
            let Some(conn) = session.conn else { return };
            if !self.conns.iter().any(|own| own.id == conn && own.has_room()) {
                return;
            }
            match session.buffer.next() {
                Some(text) => self.deliver(conn, text, now),
                None => break,
            }
        }
        // A session that the upstream has ended is given to its end; who comes again has all.
        let session = self.session(number).filter(|session| matches!(session.upstream, Upstream::Over));
        if let Some(conn) = session.filter(|session| session.buffer.is_given()).and_then(|session| session.conn) {
            self.drop_conn(conn, Close::Restart, now);
        }
    }

    /// What is kept has bounds. Who was given something has it, most likely; a client that misses more than that has lost its session.
    pub(super) fn trim(&mut self, number: u32, now: Time) {
        let (frames, bytes) = (self.limits.frames, self.limits.bytes);
        while let Some(session) = self.session_mut(number) {
            let load = session.buffer.load();
            if load.0 <= frames && load.1 <= bytes {
                break;
            }
            if !session.buffer.drop_given() {
                return self.end_session(number, Close::TooMany, Outcome::Cut, "missed_too_much", now);
            }
        }
        while self.sessions.iter().map(|session| session.buffer.load().1).sum::<usize>() > self.limits.all_bytes {
            let Some(fullest) = self.sessions.iter_mut().max_by_key(|session| session.buffer.load().1) else { break };
            let number = fullest.number;
            if !fullest.buffer.drop_given() {
                self.end_session(number, Close::TooMany, Outcome::Cut, "missed_too_much", now);
            }
        }
    }
}
