//! What an application has seen, and what it must never see.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// What the application has seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) asked: BTreeSet<u64>,
    pub(super) answered: BTreeSet<u64>,
    pub(super) jobs: BTreeMap<u64, String>,
    /// The last number of each job's events.
    pub(super) last: BTreeMap<u64, i64>,
    pub(super) ended: BTreeSet<u64>,
    pub(super) gone: BTreeSet<u64>,
    pub(super) lost_jobs: BTreeSet<String>,
    pub(super) has_gap: bool,
    pub(super) names_requests: bool,
    /// A submit was given up, and its late answer may be taken for another one's where a runtime names no requests: what that
    /// job said before went by as nobody's.
    pub(super) is_mistaken: bool,
    pub(super) closed: Option<String>,
}

impl Seen {
    pub(super) fn take(&mut self, act: &Value) {
        let job = || act["job"].as_u64().unwrap();
        assert!(self.closed.is_none(), "after the end: {act}");
        match act["do"].as_str().unwrap() {
            "accepted" => {
                self.answer(act);
                self.jobs.insert(job(), act["id"].as_str().unwrap().to_owned());
            }
            "refused" | "answer" | "done" | "existing" => {
                self.is_mistaken |= !self.names_requests && act["error"]["code"] == "ERR_TIMEOUT";
                self.answer(act);
            }
            "event" => {
                assert!(!self.ended.contains(&job()) && !self.gone.contains(&job()), "{act}");
                let n = act["payload"]["body"]["n"].as_i64().unwrap();
                let last = self.last.entry(job()).or_insert(0);
                let may_skip = self.has_gap || self.is_mistaken;
                assert!(n == *last + 1 || (may_skip && n > *last), "after {last}: {act}");
                *last = n;
            }
            "result" | "failed" => {
                assert!(self.ended.insert(job()), "twice: {act}");
            }
            "notify" if act["event"]["type"] == "lost" => {
                self.has_gap |= act["event"]["reason"] == "GAP";
                // Garbage that was no event of it is nothing lost.
                let is_garbage = act["event"]["reason"] == "UNREADABLE" && act["event"]["fromSeq"].is_null();
                let jobs = act["event"]["jobs"].as_array().filter(|_| !is_garbage).into_iter().flatten();
                self.lost_jobs.extend(jobs.map(|job| job.as_str().unwrap().to_owned()));
            }
            "closed" => {
                let is_fruitless = !act["error"]["details"]["connections"].is_null();
                let code = if is_fruitless { "FRUITLESS" } else { act["code"].as_str().unwrap() };
                self.closed = Some(code.to_owned());
            }
            _ => {}
        }
    }

    pub(super) fn answer(&mut self, act: &Value) {
        let request = act["request"].as_u64().unwrap();
        assert!(self.answered.insert(request), "twice: {act}");
    }
}
