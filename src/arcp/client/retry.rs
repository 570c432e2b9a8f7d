//! Another connection, after a pause, as long as something comes of them.

use super::{action::Event, fault::Fault, state::Phase, Client};
use crate::{arcp::Close, error::Code, time::Span};

/// The first pause is up to this, and each further one up to twice the one before.
const FIRST_PAUSE: i64 = 500;
/// Mistakes of the peer that cost a connection each.
const MAX_VIOLATIONS: u32 = 3;
/// Connections in a row that may be lost after their welcome and before anything comes of them; and before their welcome.
const MAX_WELCOMES: u32 = 16;
const MAX_GREETINGS: u32 = 240;

impl Client {
    /// Another connection, after a pause; at once when the first may be, and it is the first.
    pub(super) fn retry(&mut self, fault: Fault, at_once: bool) {
        if matches!(self.phase, Phase::Closing(_)) {
            // Whatever goes wrong now, the application has said that it is over.
            return self.closed();
        }
        self.renewal_dropped();
        let (was_welcome, was_greeted) = (self.phase.is_welcome(), matches!(self.phase, Phase::Greeting { .. }));
        self.settle();
        self.is_renewing = false;
        if !self.was_open || !self.options.reconnect {
            return self.finish(fault);
        }
        self.attempts.welcomes += u32::from(was_welcome);
        self.attempts.greetings += u32::from(was_greeted);
        if self.attempts.welcomes >= MAX_WELCOMES || self.attempts.greetings >= MAX_GREETINGS {
            return self.finish(self.fruitless(&fault));
        }
        self.attempts.failures = self.attempts.failures.saturating_add(1);
        self.attempts.short = self.attempts.short.saturating_add(1);
        if self.options.attempts.is_some_and(|most| self.attempts.failures > most) {
            return self.finish(fault);
        }
        let most = (FIRST_PAUSE << (self.attempts.failures - 1).min(20)).min(self.options.longest_pause.as_millis());
        // Whoever is sent away again and again is in no hurry, even if something came each time.
        let pause = if at_once && self.attempts.short == 1 { 0 } else { (most as f64 * self.ids.unit()) as i64 };
        let pause = Span::from_millis(pause);
        self.phase = Phase::Waiting(self.now.plus(pause));
        self.emit(Event::Reconnecting {
            attempt: self.attempts.failures,
            delay: pause,
            code: fault.code,
            reason: fault.message.clone(),
        });
    }

    /// Something came of this connection: what it cost to have it doesn't count any more.
    pub(super) fn progress(&mut self) {
        self.attempts.failures = 0;
        self.attempts.violations = 0;
        self.attempts.skipped = 0;
        self.attempts.welcomes = 0;
        self.attempts.greetings = 0;
    }

    /// Connection after connection is made, and lost before anything comes of it: another one will be lost, too.
    fn fruitless(&self, last: &Fault) -> Fault {
        let (count, what) = match self.attempts.welcomes >= MAX_WELCOMES {
            true => (self.attempts.welcomes, "welcome"),
            false => (self.attempts.greetings, "connection"),
        };
        let message = format!(
            "nothing came of {count} connections in a row: each was lost soon after its {what}. The last one: {}",
            last.message
        );
        let mut fault = Fault::new(last.code, &message);
        fault.peer_code.clone_from(&last.peer_code);
        fault.for_good().with_number("connections", count.into())
    }

    /// The peer breaks the protocol: another connection may bring what this one garbled, but not for ever.
    pub(super) fn protocol_violation(&mut self, what: &str) {
        let fault = Fault::new(Code::Protocol, what);
        self.drop_connection(self.conn, Close::Protocol.code(), Close::Protocol.reason());
        self.attempts.violations += 1;
        if self.attempts.violations < MAX_VIOLATIONS {
            self.retry(fault, false);
        } else {
            self.finish(fault);
        }
    }
}
