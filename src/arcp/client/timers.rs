//! What is due, and when: signs of life, acknowledgements, answers, and whatever else has a time.

use super::{
    fault::Fault,
    keepalive::Due,
    payloads,
    state::{Phase, Timers},
    Client,
};
use crate::{
    arcp::{ArcpCode, Close, Envelope},
    error::Code,
    json::Value,
    time::Time,
};

impl Client {
    /// The next thing that is due, by the driver's clock.
    pub(super) fn deadline(&self) -> Option<Time> {
        let timers = &self.timers;
        let due = match self.phase {
            Phase::Idle | Phase::Closed => None,
            Phase::Waiting(until) | Phase::Dialing(until) | Phase::Switching(until) | Phase::Closing(until) => {
                Some(until)
            }
            Phase::Greeting { until, .. } => Some(until),
            Phase::Open => {
                let renew = if self.renewal.is_some() { None } else { timers.renew };
                let renewal = self.renewal.as_ref().map(|renewal| renewal.until);
                let requests = self.requests.iter().filter_map(|request| request.due).min();
                let watch = self.jobs.iter().filter_map(|job| job.watch.map(|(due, _)| due)).min();
                let Timers { ack, lost_events, reconcile, relist, .. } = *timers;
                let keepalive = self.keepalive.deadline();
                let due = [keepalive, ack, lost_events, reconcile, relist, watch, renew, renewal, requests];
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
                self.drop_connection(self.conn, Close::Normal.code(), "");
                self.retry(Fault::new(Code::HandshakeTimeout, "no welcome in time"), false);
            }
            Phase::Switching(until) if until <= now => self.switched(),
            Phase::Closing(until) if until <= now => {
                let payload = payloads::reason(&self.close_reason);
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
        match self.keepalive.due(now) {
            Due::Nothing => {}
            Due::Ping => self.ping(),
            Due::Probe => self.probe(),
            Due::Lost => {
                let fault = Fault::new(Code::Network, "nothing was heard for two intervals");
                self.drop_connection(self.conn, Close::Normal.code(), ArcpCode::HeartbeatLost.as_str());
                return self.retry(fault.with_peer_code(ArcpCode::HeartbeatLost), true);
            }
        }
        if is_due(self.timers.ack) {
            self.timers.ack = None;
            self.ack();
        }
        if is_due(self.timers.lost_events) {
            self.timers.lost_events = None;
            self.report_given_up();
        }
        if is_due(self.timers.reconcile) {
            self.timers.reconcile = None;
            self.reconcile();
        }
        if is_due(self.timers.relist) {
            self.timers.relist = None;
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
        } else if is_due(self.timers.renew) {
            self.timers.renew = None;
            self.renew();
        }
    }

    // ---- signs of life (ARCP 1.1 §6.4)

    fn ping(&mut self) {
        let nonce = self.ids.next(self.now);
        let payload = payloads::ping(&nonce, self.now);
        self.send("session.ping", &payload, None, None);
    }

    pub(super) fn pinged(&mut self, envelope: &Envelope<'_>) {
        let Some(nonce) = envelope.get("nonce").and_then(Value::as_str) else { return };
        let payload = payloads::pong(nonce, self.now);
        self.send("session.pong", &payload, None, None);
    }

    /// The connection may be dead: it has to show life.
    pub(super) fn probe(&mut self) {
        if self.keepalive.probe(self.now) {
            self.ping();
        }
    }
}
