//! What a principal's requests cost, over time: a hub has one thread, and who asks for much must not take it from the others.

use super::{Envelope, Hub, Rc, Time};

/// Roughly microseconds of this thread. So much may be spent at once, and so much comes back in a second: a quarter of it.
const MOST: i64 = 250_000;
const BACK_PER_SEC: i64 = 250_000;

/// Any frame, and each of its bytes: 64 of them are read in a microsecond.
const FRAME: i64 = 50;
const BYTES_PER_UNIT: usize = 64;
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

    /// What a frame costs, before anything is done for it.
    pub(super) fn cost(&self, envelope: &Envelope<'_>, bytes: usize) -> i64 {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX / 16);
        let own = match envelope.kind() {
            "job.submit" => SUBMIT,
            "job.subscribe" => HISTORY,
            "session.list_jobs" => LISTED * count(self.jobs.len()),
            _ => 0,
        };
        FRAME + count(bytes / BYTES_PER_UNIT) + own
    }
}
