//! Whether the other side is there: heartbeats, where both sides have them (ARCP 1.1 §6.4), and a probe, where it may be this side
//! that slept.

use crate::{
    arcp::heartbeat::{self, Heartbeat},
    time::{Span, Time},
};

/// Whoever is probed has to show life within this.
const PROBE_WAIT: Span = Span::from_secs(5);

/// The heartbeats of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keepalive {
    heartbeat: Option<(Heartbeat, Span)>,
    /// Something must come by then.
    probe: Option<Time>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    Ping,
    /// Nothing came for so long that it was this side that slept: the other one is asked before it is given up.
    Probe,
    Lost,
}

impl Keepalive {
    /// Of a connection that was welcome now.
    pub(super) fn new(interval: Option<Span>, now: Time) -> Self {
        Self { heartbeat: interval.map(|interval| (Heartbeat::new(interval, now), interval)), probe: None }
    }

    /// A frame came.
    pub(super) fn received(&mut self, now: Time) {
        self.probe = None;
        if let Some((heartbeat, _)) = &mut self.heartbeat {
            heartbeat.received(now);
        }
    }

    /// A frame was sent.
    pub(super) fn sent(&mut self, now: Time) {
        if let Some((heartbeat, _)) = &mut self.heartbeat {
            heartbeat.sent(now);
        }
    }

    /// Asks for a sign of life. Whether there is one to be had, and it isn't asked for already.
    pub(super) fn probe(&mut self, now: Time) -> bool {
        let Some((heartbeat, _)) = self.heartbeat.as_mut().filter(|_| self.probe.is_none()) else { return false };
        heartbeat.received(now);
        self.probe = Some(now.plus(PROBE_WAIT));
        true
    }

    /// When to look again.
    pub(super) fn deadline(&self) -> Option<Time> {
        let heartbeat = self.heartbeat.map(|(heartbeat, _)| heartbeat.deadline());
        [heartbeat, self.probe].into_iter().flatten().min()
    }

    /// What is due now. A ping that it asks for counts as sent.
    pub(super) fn due(&mut self, now: Time) -> Due {
        let Some((heartbeat, interval)) = &mut self.heartbeat else { return Due::Nothing };
        if self.probe.is_some_and(|until| until <= now) {
            return Due::Lost;
        }
        let slept = heartbeat.lost_at().plus(*interval) < now;
        match heartbeat.due(now) {
            heartbeat::Due::Nothing => Due::Nothing,
            heartbeat::Due::Ping => Due::Ping,
            heartbeat::Due::Lost if slept && self.probe.is_none() => Due::Probe,
            heartbeat::Due::Lost => Due::Lost,
        }
    }
}
