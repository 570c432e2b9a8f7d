//! What each principal has, and all of them: added up once, and from then on only what somebody may have changed.

use std::rc::Rc;

use super::limits::Usage;

/// What a session or a job counts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Rows and bytes: in memory or in the storage, whichever is more.
    pub(super) usage: Usage,
    /// Bytes in memory.
    pub(super) kept: usize,
    /// How many: one.
    pub(super) count: usize,
    /// How many of them nobody waits for.
    pub(super) idle: usize,
}

impl Part {
    fn add(&mut self, other: Self) {
        self.usage.add(other.usage);
        self.kept += other.kept;
        self.count += other.count;
        self.idle += other.idle;
    }

    fn take(&mut self, other: Self) {
        self.usage.take(other.usage);
        self.kept = self.kept.saturating_sub(other.kept);
        self.count = self.count.saturating_sub(other.count);
        self.idle = self.idle.saturating_sub(other.idle);
    }
}

/// Sums, by the keys of principals.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    owners: Vec<(Rc<str>, Part)>,
    all: Usage,
}

impl Ledger {
    pub(super) fn add(&mut self, owner: &Rc<str>, part: Part) {
        self.all.add(part.usage);
        match self.owners.iter_mut().find(|(own, _)| own == owner) {
            Some((_, sum)) => sum.add(part),
            None => self.owners.push((Rc::clone(owner), part)),
        }
    }

    /// What was added counts no more.
    pub(super) fn take(&mut self, owner: &Rc<str>, part: Part) {
        self.all.take(part.usage);
        let Some(at) = self.owners.iter().position(|(own, _)| own == owner) else { return };
        let Some((_, sum)) = self.owners.get_mut(at) else { return };
        sum.take(part);
        if sum.count == 0 {
            self.owners.swap_remove(at);
        }
    }

    /// Of one principal, and of all.
    pub(super) fn usage(&self, owner: &str) -> (Usage, Usage) {
        let own = self.owners.iter().find(|(own, _)| **own == *owner);
        (own.map_or(Usage::default(), |(_, sum)| sum.usage), self.all)
    }

    /// Who keeps most, of those who have something that nobody waits for.
    pub(super) fn greediest(&self) -> Option<Rc<str>> {
        let idle = self.owners.iter().filter(|(_, sum)| sum.idle > 0);
        idle.max_by_key(|(owner, sum)| (sum.kept, owner)).map(|(owner, _)| Rc::clone(owner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_no_more_leaves_nothing() {
        let part = |bytes, idle| Part { usage: Usage { rows: 1, bytes }, kept: bytes, count: 1, idle };
        let (alice, bob): (Rc<str>, Rc<str>) = ("alice".into(), "bob".into());
        let mut ledger = Ledger::default();
        ledger.add(&alice, part(1, 1));
        ledger.add(&alice, part(2, 0));
        ledger.add(&bob, part(4, 0));
        assert_eq!(ledger.usage("alice"), (Usage { rows: 2, bytes: 3 }, Usage { rows: 3, bytes: 7 }));
        assert_eq!(ledger.greediest(), Some(Rc::clone(&alice)), "who keeps more has nothing that may go");
        ledger.take(&alice, part(1, 1));
        assert_eq!(ledger.greediest(), None);
        ledger.take(&alice, part(2, 0));
        ledger.take(&bob, part(4, 0));
        assert_eq!((ledger.usage("alice").0, ledger.all, ledger.owners.len()), Default::default());
    }
}
