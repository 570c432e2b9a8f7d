//! What a principal's requests cost, over time: a hub has one thread, and who asks for much must not take it from the others.

use super::{Envelope, Hub, Rc, Time};
use crate::arcp::skim;

/// Roughly microseconds of this thread. So much may be spent at once, and so much comes back in a second: a quarter of it.
const MOST: i64 = 250_000;
const BACK_PER_SEC: i64 = 250_000;

/// Any frame, and each of its bytes: 64 of them are read in a microsecond.
const FRAME: i64 = 50;
const BYTES_PER_UNIT: usize = 64;
/// A value costs as much as eight bytes: it is read by the gate and here, handed to the agent, and written again. Measured with a
/// frame of 960 kB: 15 ms as one text, 72 ms as 480,000 numbers.
const BYTES_PER_VALUE: usize = 8;
/// A job: what it takes to begin one.
const SUBMIT: i64 = 200;
/// What was said before, from its first event on.
const HISTORY: i64 = 500;
/// Each job that is looked at for a list.
const LISTED: i64 = 6;

/// What one principal has spent.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    key: Rc<str>,
    spent: i64,
    at: Time,
}

impl Meter {
    /// What is still owed now.
    fn owed(&self, now: Time) -> i64 {
        let back = now.since(self.at).as_millis().clamp(0, 60_000) * BACK_PER_SEC / 1000;
        (self.spent - back).max(0)
    }
}

impl Hub {
    /// Whether this principal may have that done now. It has been counted then.
    pub(super) fn may_spend(&mut self, key: &Rc<str>, cost: i64, now: Time) -> bool {
        let at = self.meters.iter().position(|meter| meter.key == *key).unwrap_or_else(|| {
            // Who owes nothing needs no entry.
            self.meters.retain(|meter| meter.owed(now) > 0);
            self.meters.push(Meter { key: Rc::clone(key), spent: 0, at: now });
            self.meters.len() - 1
        });
        let Some(meter) = self.meters.get_mut(at) else { return false };
        let owed = meter.owed(now);
        let fits = owed + cost <= MOST;
        meter.spent = if fits { owed + cost } else { owed };
        meter.at = now;
        fits
    }

    /// What an agent has said for this principal was work, too. It leaves half for what they ask for themselves: nobody loses a
    /// session because an agent says much.
    pub(super) fn owes(&mut self, key: &Rc<str>, text: &str, now: Time) {
        let cost = weight(text) - FRAME;
        let Some(meter) = self.meters.iter_mut().find(|meter| meter.key == *key) else {
            return self.meters.push(Meter { key: Rc::clone(key), spent: cost.min(MOST / 2), at: now });
        };
        let owed = meter.owed(now);
        meter.spent = (owed + cost).min(owed.max(MOST / 2));
        meter.at = now;
    }

    /// What is asked for costs, besides the reading.
    pub(super) fn cost(&self, envelope: &Envelope<'_>) -> i64 {
        let own = match envelope.kind() {
            "job.submit" => SUBMIT,
            "job.subscribe" => HISTORY,
            "session.list_jobs" => LISTED * count(self.jobs.len()),
            _ => 0,
        };
        own
    }
}

/// What it costs to read a text, told before it is read.
pub(super) fn weight(text: &str) -> i64 {
    FRAME + count((text.len() + skim::values(text).saturating_mul(BYTES_PER_VALUE)) / BYTES_PER_UNIT)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 16)
}
