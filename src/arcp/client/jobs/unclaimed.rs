//! Frames of jobs that are not accepted yet, as far as this side knows.

use std::collections::VecDeque;

use super::bound::{Bound, CAP};

/// Events of jobs that are not accepted yet, as far as this side knows: a runtime may replay all of a job before it answers the
/// submit that was sent again, so as much is kept as of a job that nobody reads.
const UNCLAIMED: Bound = CAP;
/// Jobs that are not accepted yet, and for whom it is counted what was given up.
const MAX_UNCLAIMED: usize = 64;

/// What may be claimed in a moment.
#[derive(Debug, Default)]
pub(super) struct Unclaimed {
    frames: VecDeque<(String, String)>,
    bytes: usize,
    /// Jobs of whom something of that was given up, and how much.
    evicted: Vec<(String, u32)>,
}

impl Unclaimed {
    /// Keeps a frame of a job that may be accepted in a moment.
    pub(super) fn keep(&mut self, id: &str, frame: &str) {
        self.bytes += frame.len();
        self.frames.push_back((id.to_owned(), frame.to_owned()));
        while UNCLAIMED.is_passed(self.frames.len(), self.bytes) {
            let Some((id, frame)) = self.frames.pop_front() else { return };
            self.bytes -= frame.len();
            match self.evicted.iter_mut().find(|(of, _)| *of == id) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => {
                    if self.evicted.len() >= MAX_UNCLAIMED {
                        self.evicted.remove(0);
                    }
                    self.evicted.push((id, 1));
                }
            }
        }
    }

    /// The frames that were kept for a job, in their order, and how many before them were given up.
    pub(super) fn claim(&mut self, id: &str) -> (Vec<String>, u32) {
        let at = self.evicted.iter().position(|(of, _)| of == id);
        let evicted = at.map_or(0, |at| self.evicted.swap_remove(at).1);
        let (mine, others) = std::mem::take(&mut self.frames).into_iter().partition::<Vec<_>, _>(|(of, _)| of == id);
        self.frames = others.into();
        self.bytes = self.frames.iter().map(|(_, frame)| frame.len()).sum();
        (mine.into_iter().map(|(_, frame)| frame).collect(), evicted)
    }

    /// Forgets what nobody can claim.
    pub(super) fn clear(&mut self) {
        self.frames.clear();
        self.bytes = 0;
        self.evicted.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_claimed_is_bounded() {
        let mut unclaimed = Unclaimed::default();
        for n in 0..5000 {
            unclaimed.keep(if n % 2 == 0 { "a" } else { "b" }, "frame");
        }
        let (frames, given_up) = unclaimed.claim("a");
        assert_eq!((frames.len(), given_up), (2048, 452), "what is given up is counted");
        assert_eq!(unclaimed.claim("a"), (Vec::new(), 0), "and told once");
        assert_eq!((unclaimed.frames.len(), unclaimed.bytes), (2048, 10_240));
        for n in 0..200 {
            unclaimed.keep(&n.to_string(), &"x".repeat(17 << 20));
        }
        assert_eq!(unclaimed.evicted.len(), MAX_UNCLAIMED);
        unclaimed.keep("c", &"x".repeat(17 << 20));
        assert_eq!(unclaimed.frames.len(), 1, "one frame, however large, as far as frames may be");
        unclaimed.clear();
        assert_eq!(unclaimed.bytes, 0);
    }
}
