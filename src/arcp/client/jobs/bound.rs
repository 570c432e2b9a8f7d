//! How much of what nobody reads is kept.

/// From so many unread events of a job on, the runtime is to hold the rest back.
pub(super) const MARK: Bound = Bound { events: 256, bytes: 1 << 20 };
/// Read down to here, a paused job is resumed.
pub(super) const LOW: Bound = Bound { events: 128, bytes: 1 << 19 };
/// A runtime that doesn't hold back what isn't acknowledged: from here on the job is paused.
pub(super) const HIGH: Bound = Bound { events: 3072, bytes: 12 << 20 };
/// More are not kept: those of a job that can be asked for again come later, of others the oldest are given up.
pub(super) const CAP: Bound = Bound { events: 4096, bytes: 16 << 20 };

#[derive(Clone, Copy)]
pub(super) struct Bound {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

impl Bound {
    pub(super) const fn is_passed(self, events: usize, bytes: usize) -> bool {
        events > self.events || (bytes > self.bytes && events > 1)
    }
}
