//! Whether a job's events come, or are paused. An acknowledgement is for the whole session, so it can't hold one job back: a job
//! that nobody reads is unsubscribed, and resumed from its number when it is read.

/// Events that come between the request to go on and its answer.
const MAX_PENDING: usize = 4096;

/// Where a job's events stand.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    stage: Stage,
    /// The last number that was kept.
    pub(crate) kept: i64,
    /// Events that have come since, and have no place.
    pub(crate) skipped: u32,
    /// What comes under a number below this, and has not passed, comes again.
    again_from: i64,
    /// Whether it was ever asked for again.
    is_again: bool,
    /// The last number of a replay that is counted for itself.
    apart: i64,
    pending: Vec<Pending>,
}

#[derive(Debug)]
struct Pending {
    seq: i64,
    /// Whether it came under a number of the session that was its own.
    is_new: bool,
    text: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// They come.
    #[default]
    Live,
    /// They are paused.
    Paused,
    /// They are asked for again.
    Resuming,
}

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It is handed over.
    Kept,
    /// It will come again, or was there.
    Again,
    /// It waits for the answer.
    Waits,
    /// There is no place for it.
    Skipped,
}

impl Flow {
    /// Whether its events come.
    pub(crate) fn is_live(&self) -> bool {
        self.stage == Stage::Live
    }

    /// Whether it is paused, and not asked for again yet.
    pub(crate) fn is_paused(&self) -> bool {
        self.stage == Stage::Paused
    }

    /// Whether it is asked for again, and not answered yet.
    pub(crate) fn is_resuming(&self) -> bool {
        self.stage == Stage::Resuming
    }

    /// Whether numbers that have passed may come again.
    pub(crate) const fn is_again(&self) -> bool {
        self.is_again
    }

    /// Whether an event under a new number will come once more.
    pub(crate) fn comes_again(&self, seq: i64) -> bool {
        self.is_resuming() || (self.is_live() && seq < self.again_from)
    }

    /// Its events are paused.
    pub(crate) fn pause(&mut self) {
        self.stage = Stage::Paused;
        self.again_from = 0;
    }

    /// They are asked for again.
    pub(crate) fn resume(&mut self) {
        self.stage = Stage::Resuming;
        self.is_again = true;
        self.apart = 0;
    }

    /// Whether this is the next one of a replay that is counted for itself, from 1 on (Python).
    pub(crate) fn is_apart(&mut self, seq: i64) -> bool {
        let is_apart = self.is_resuming() && seq == self.apart + 1 && (self.apart > 0 || seq <= self.kept);
        self.apart += i64::from(is_apart);
        is_apart
    }

    /// Whether there was such a replay.
    pub(crate) const fn counts_apart(&self) -> bool {
        self.apart > 0
    }

    /// What becomes of an event. `has_room` tells whether there is room for it.
    pub(crate) fn deliver(&mut self, seq: i64, is_new: bool, has_room: bool, text: &str) -> Delivery {
        match self.stage {
            Stage::Live if is_new && seq < self.again_from => Delivery::Again,
            Stage::Paused if !has_room || self.skipped > 0 => {
                self.skipped += 1;
                Delivery::Skipped
            }
            Stage::Live | Stage::Paused => {
                self.kept = seq;
                Delivery::Kept
            }
            Stage::Resuming if self.pending.len() < MAX_PENDING => {
                self.pending.push(Pending { seq, is_new, text: text.to_owned() });
                Delivery::Waits
            }
            Stage::Resuming => {
                self.skipped += 1;
                Delivery::Skipped
            }
        }
    }

    /// The answer: the number that the rest begins with, and whether what was missed comes again behind it. What came meanwhile
    /// and is meant to be handed over, in its order.
    pub(crate) fn resumed(&mut self, from: Option<i64>, comes_again: bool) -> Vec<(i64, String)> {
        if comes_again {
            // Events that were under way come again. A runtime that replays before it answers begins with what was missed.
            let (from, is_apart) = (from.unwrap_or(0), self.counts_apart());
            self.pending.retain(|pending| !pending.is_new || (!is_apart && pending.seq >= from));
            self.again_from = if is_apart { 0 } else { from };
            self.skipped = 0;
        }
        self.give_up()
    }

    /// There is no answer, or no more need of one: what came meanwhile.
    pub(crate) fn give_up(&mut self) -> Vec<(i64, String)> {
        self.stage = Stage::Live;
        std::mem::take(&mut self.pending).into_iter().map(|pending| (pending.seq, pending.text)).collect()
    }
}
