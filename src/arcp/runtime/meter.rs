//! What a principal's requests cost, over time and over all connections: a hub has one thread, and who asks for much must not take it
//! from the others.

use super::{
    refusal::{ConnectionEnd, TOO_MANY_REQUESTS},
    Audit, Envelope, Hub, Outcome, Rc, Time,
};
use crate::arcp::skim;

/// Roughly microseconds of this thread. So much may be spent at once, and so much comes back in a second: a quarter of it.
const MOST: i64 = 250_000;
const BACK_PER_SEC: i64 = 250_000;

/// Who has asked for too much owes no more than this: whoever stops asking has soon paid.
const MOST_OWED: i64 = 2 * MOST;

/// A connection that comes, from its socket to what is stored of its session: measured, in the gate and here, with one principal who
/// resumed in a loop (2.2 ms).
const CONNECTION: i64 = 2000;
/// Any frame, and each of its bytes: 64 of them are read in a microsecond.
const FRAME: i64 = 50;
const BYTES_PER_UNIT: usize = 64;
/// A value costs as much as eight bytes: it is read by the gate and here, handed to the agent, and written again. Measured with a
/// frame of 960 kB: 15 ms as one text, 72 ms as 480,000 numbers.
const BYTES_PER_VALUE: usize = 8;
/// A job, from its first row to its last: measured with jobs of echo that are stored, many at a time (400 µs each; one at a time they
/// take more).
const SUBMIT: i64 = 350;
/// What was said before, from its first event on.
const HISTORY: i64 = 500;
/// Each job that is looked at for a list.
const LISTED: i64 = 6;
/// As many of them are as much work as passing over those of others, however many.
const PASSED_OVER: usize = 4;

/// What one principal has spent.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    key: Rc<str>,
    spent: i64,
    at: Time,
    /// They have asked for too much, and haven't paid for half of it yet.
    is_over: bool,
}

impl Meter {
    const fn new(key: Rc<str>, spent: i64, at: Time) -> Self {
        Self { key, spent, at, is_over: false }
    }

    /// What is still owed now.
    fn owed(&self, now: Time) -> i64 {
        let back = now.since(self.at).as_millis().clamp(0, 60_000) * BACK_PER_SEC / 1000;
        (self.spent - back).max(0)
    }
}

impl Hub {
    /// Whether a client may have this done: what it asks for has a price, and what it asked for it has to read. Its session ends
    /// where it may not.
    pub(super) fn affords(&mut self, conn: u32, session_id: &str, cost: i64, now: Time) -> bool {
        let Some(key) = self.sessions.get(session_id).map(|session| Rc::clone(&session.owner.key)) else { return true };
        let is_choked = self.conns.iter().any(|own| own.id == conn && own.is_choked());
        if !is_choked && self.may_spend(&key, cost, now) {
            return true;
        }
        self.audit(Audit {
            principal: Some(key),
            session: Some(session_id.to_owned()),
            ..Audit::new("arcp.session", Outcome::Cut, if is_choked { "too_slow" } else { TOO_MANY_REQUESTS })
        });
        self.end(conn, session_id, ConnectionEnd::TOO_MANY_REQUESTS, now);
        false
    }

    /// Whether this principal may have that done now. It has been counted then.
    fn may_spend(&mut self, key: &Rc<str>, cost: i64, now: Time) -> bool {
        let at = self.meters.iter().position(|meter| meter.key == *key).unwrap_or_else(|| {
            // Who owes nothing needs no entry.
            self.meters.retain(|meter| meter.owed(now) > 0);
            self.meters.push(Meter::new(Rc::clone(key), 0, now));
            self.meters.len() - 1
        });
        let Some(meter) = self.meters.get_mut(at) else { return false };
        let owed = meter.owed(now);
        let fits = owed + cost <= MOST;
        // What is refused was work as well, but no more than a connection: it was not done.
        let due = if fits { cost } else { cost.min(CONNECTION) };
        meter.spent = (owed + due).min(owed.max(MOST_OWED));
        meter.at = now;
        meter.is_over = !fits || (meter.is_over && owed > MOST / 2);
        fits
    }

    /// Whether this principal may come with one more connection now, whatever for. Who was cut off for asking for too much, over
    /// whichever of their connections, waits outside until half of it is paid: else coming back would be worth more than to wait.
    pub(super) fn check_pace(&mut self, key: &Rc<str>, now: Time) -> Result<(), ConnectionEnd> {
        let fits = self.may_spend(key, CONNECTION, now);
        let is_over = self.meters.iter().any(|meter| meter.key == *key && meter.is_over);
        if fits && !is_over {
            return Ok(());
        }
        self.audit(Audit {
            principal: Some(Rc::clone(key)),
            ..Audit::new("arcp.session", Outcome::Refused, TOO_MANY_REQUESTS)
        });
        Err(ConnectionEnd::TOO_MANY_REQUESTS)
    }

    /// What an agent has said for this principal was work, too. It leaves half for what they ask for themselves: nobody loses a
    /// session because an agent says much.
    pub(super) fn owes(&mut self, key: &Rc<str>, text: &str, now: Time) {
        let cost = weight(text) - FRAME;
        let Some(meter) = self.meters.iter_mut().find(|meter| meter.key == *key) else {
            return self.meters.push(Meter::new(Rc::clone(key), cost.min(MOST / 2), now));
        };
        let owed = meter.owed(now);
        meter.spent = (owed + cost).min(owed.max(MOST / 2));
        meter.at = now;
    }

    /// What is asked for costs, besides the reading.
    pub(super) fn cost(&self, session_id: &str, envelope: &Envelope<'_>) -> i64 {
        match envelope.kind() {
            "job.submit" => SUBMIT,
            "job.subscribe" => HISTORY,
            "session.list_jobs" => LISTED * count(self.listed(session_id)),
            _ => 0,
        }
    }

    /// How many jobs a list is paid for: the principal's own and, where a policy has to be asked about the others, as many as there
    /// may be. How many there are is nobody's business who may not see them (rule 28), and a price can be found out.
    fn listed(&self, session_id: &str) -> usize {
        if self.has_policy {
            return self.limits.all_jobs;
        }
        let Some(session) = self.sessions.get(session_id) else { return 0 };
        PASSED_OVER + self.jobs.values().filter(|job| job.owner.key == session.owner.key).count()
    }
}

/// What it costs to read a text, told before it is read.
pub(super) fn weight(text: &str) -> i64 {
    FRAME + count((text.len() + skim::values(text).saturating_mul(BYTES_PER_VALUE)) / BYTES_PER_UNIT)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 16)
}
