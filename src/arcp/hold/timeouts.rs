//! What time brings.

use super::{upstream::Upstream, ArcpCode, Close, Hold, Outcome, Time};
use crate::{
    arcp::heartbeat::{Due, Heartbeat},
    json::Members,
    time::Span,
};

/// An upstream that was there for so long is tried at once when it is lost.
const STEADY: Span = Span::from_secs(20);

impl Hold {
    pub(super) fn deadline(&self) -> Option<Time> {
        let of = |session: &super::Session| {
            let waiting = session.waiting.as_ref().map(|waiting| waiting.until);
            [session.ends_at, session.upstream.deadline(), waiting].into_iter().flatten().min()
        };
        self.sessions.iter().filter_map(of).min()
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, now: Time) {
        for number in self.numbers() {
            self.advance_session(number, now);
        }
    }

    fn advance_session(&mut self, number: u32, now: Time) {
        let Some(session) = self.session_mut(number) else { return };
        if session.ends_at.is_some_and(|at| now >= at) {
            return self.end_session(number, Close::Normal, Outcome::Cut, "window_over", now);
        }
        let late = session.waiting.as_ref().filter(|waiting| now >= waiting.until).map(|waiting| waiting.conn);
        match &mut session.upstream {
            Upstream::Dialling { until, .. } | Upstream::Greeting { until, .. } if now >= *until => {
                self.lose_upstream(number, now);
            }
            Upstream::Backoff { at } if now >= *at => self.dial(number, now),
            Upstream::Open { heartbeat, since, .. } => {
                let is_steady = now.since(*since) >= STEADY;
                match heartbeat.as_mut().map_or(Due::Nothing, |heartbeat| Heartbeat::due(heartbeat, now)) {
                    Due::Nothing => {}
                    Due::Lost => {
                        session.numbers.is_silent = true;
                        self.lose_upstream(number, now);
                    }
                    Due::Ping => {
                        let nonce = format!("p_{}", self.ids.next(now));
                        let payload = Members::new().text("nonce", &nonce).text("sent_at", &now.to_rfc3339()).end();
                        self.say_upstream(number, "session.ping", &payload, now);
                    }
                }
                if let Some(session) = self.session_mut(number).filter(|_| is_steady) {
                    session.numbers.tried_anew();
                }
            }
            _ => {}
        }
        if let Some(conn) = late.filter(|conn| self.number_of(*conn).is_some()) {
            // It comes again: the upstream is tried on.
            self.turn_away(conn, ArcpCode::InternalError, Close::Restart, now);
            self.forget_conn(conn);
            self.left(number, now);
        }
    }
}
