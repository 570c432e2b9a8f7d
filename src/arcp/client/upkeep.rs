//! What an open connection needs: signs of life, acknowledgements, and whatever else is due.

use super::{
    fault::Fault,
    machine::{Client, Phase},
};
use crate::{
    arcp::{ArcpCode, Envelope},
    error::Code,
    json::{Members, Value},
    time::{Span, Time},
};

/// Between two acknowledgements (ARCP 1.1 §6.5: every few hundred milliseconds at most).
const ACK_PAUSE: Span = Span::from_millis(200);
/// A connection that is probed has to show life within this.
const PROBE_WAIT: Span = Span::from_secs(5);

impl Client {
    /// The next thing that is due, by the driver's clock.
    pub(super) fn deadline(&self) -> Option<Time> {
        let up = &self.upkeep;
        let due = match self.phase {
            Phase::Idle | Phase::Closed => None,
            Phase::Waiting(until) | Phase::Dialing(until) | Phase::Switching(until) | Phase::Closing(until) => {
                Some(until)
            }
            Phase::Greeting { until, .. } => Some(until),
            Phase::Open => {
                let beat = self.interval().map(|interval| {
                    let ping = self.ping_at(interval);
                    ping.min(up.heard.plus(interval).plus(interval))
                });
                let renew = if self.renewal.is_some() { None } else { up.renew };
                let renewal = self.renewal.as_ref().map(|renewal| renewal.until);
                let requests = self.requests.iter().filter_map(|request| request.due).min();
                let watch = self.jobs.iter().filter_map(|job| job.watch.map(|(due, _)| due)).min();
                let due = [beat, up.probe, up.ack, up.tell, up.reconcile, up.relist, watch, renew, renewal, requests];
                due.into_iter().flatten().min()
            }
        };
        due.map(|due| self.clock.wall(due))
    }

    /// Does what is due.
    pub(super) fn wake(&mut self) {
        let now = self.now;
        match self.phase {
            Phase::Waiting(until) if until <= now => self.dial(),
            Phase::Dialing(until) | Phase::Greeting { until, .. } if until <= now => {
                self.drop_connection(self.conn, 1000, "");
                self.retry(&Fault::new(Code::HandshakeTimeout, "no welcome in time"), false);
            }
            Phase::Switching(until) if until <= now => self.switched(),
            Phase::Closing(until) if until <= now => {
                let payload = self.reason_payload();
                self.send("session.bye", &payload, None, None);
                self.closed();
            }
            Phase::Open => self.keep_up(),
            _ => {}
        }
    }

    fn keep_up(&mut self) {
        let now = self.now;
        let is_due = |due: Option<Time>| due.is_some_and(|due| due <= now);
        if let Some(interval) = self.interval() {
            let dead = self.upkeep.heard.plus(interval).plus(interval);
            if is_due(self.upkeep.probe) || dead <= now {
                if self.upkeep.probe.is_none() && dead.plus(interval) < now {
                    // It was this side that slept.
                    self.probe();
                } else {
                    let fault = Fault::new(Code::Network, "nothing was heard for two intervals");
                    self.drop_connection(self.conn, 1000, ArcpCode::HeartbeatLost.as_str());
                    return self.retry(&fault.with_peer_code(ArcpCode::HeartbeatLost), true);
                }
            } else if self.ping_at(interval) <= now {
                self.ping();
            }
        }
        if is_due(self.upkeep.ack) {
            self.upkeep.ack = None;
            self.ack();
        }
        if is_due(self.upkeep.tell) {
            self.upkeep.tell = None;
            self.tell_given_up();
        }
        if is_due(self.upkeep.reconcile) {
            self.upkeep.reconcile = None;
            self.reconcile();
        }
        if is_due(self.upkeep.relist) {
            self.upkeep.relist = None;
            self.list_jobs();
        }
        self.look_after();
        self.overdue();
        if let Some(renewal) = &self.renewal {
            let (is_ready, until) = (renewal.ready.is_some(), renewal.until);
            if until <= now {
                self.renewal_failed();
            } else if is_ready {
                self.switch();
            }
        } else if is_due(self.upkeep.renew) {
            self.upkeep.renew = None;
            self.renew();
        }
    }

    /// Requests that were not answered.
    fn overdue(&mut self) {
        let now = self.now;
        let fault =
            Fault::new(Code::Timeout, "the runtime doesn't answer the request; it may have done what was asked");
        let mut is_any = false;
        while let Some(request) = self.requests.take(|request| request.due.is_some_and(|due| due <= now)) {
            is_any = true;
            self.unanswered(&request, &fault);
        }
        if is_any {
            self.flush();
            self.switch();
        }
    }

    // ---- signs of life (ARCP 1.1 §6.4)

    fn interval(&self) -> Option<Span> {
        self.session.as_ref().and_then(|session| session.heartbeat)
    }

    /// Each direction has at least one message an interval: whoever was silent for one is made to speak.
    fn ping_at(&self, interval: Span) -> Time {
        let quiet = self.upkeep.heard.min(self.upkeep.sent).max(self.upkeep.pinged);
        quiet.plus(interval)
    }

    fn ping(&mut self) {
        let nonce = self.ids.next(self.now);
        let payload = Members::new().text("nonce", &nonce).text("sent_at", &self.now.to_rfc3339()).end();
        self.send("session.ping", &payload, None, None);
        self.upkeep.pinged = self.now;
    }

    pub(super) fn pinged(&mut self, envelope: &Envelope<'_>) {
        let Some(nonce) = envelope.get("nonce").and_then(Value::as_str) else { return };
        let payload = Members::new().text("ping_nonce", nonce).text("received_at", &self.now.to_rfc3339()).end();
        self.send("session.pong", &payload, None, None);
    }

    /// The connection may be dead: it has to show life.
    pub(super) fn probe(&mut self) {
        if self.interval().is_some() && self.upkeep.probe.is_none() {
            self.upkeep.heard = self.now;
            self.upkeep.probe = Some(self.now.plus(PROBE_WAIT));
            self.ping();
        }
    }

    // ---- acknowledgements (ARCP 1.1 §6.5)

    pub(super) fn schedule_ack(&mut self) {
        if self.upkeep.ack.is_none() && self.session.as_ref().is_some_and(|session| session.features.has("ack")) {
            self.upkeep.ack = Some(self.now.plus(ACK_PAUSE));
        }
    }

    fn ack(&mut self) {
        let last = self.jobs.last_seq();
        if self.holds_back() || last <= self.upkeep.acked {
            return;
        }
        self.upkeep.acked = last;
        let payload = Members::new().integer("last_processed_seq", last).end();
        self.send("session.ack", &payload, None, None);
    }
}
