//! The surface of revocation. `npm/worker/revocations.ts` and `npm/worker/revocation-store.ts` drive it.

use wasm_bindgen::prelude::*;

use super::error::thrown;
use crate::{
    config,
    json::Members,
    revocation::{Entry, Facts, Freshness, Replica, MAX_ENTRIES, PAGE},
    seam::revocation as numbers,
    time::{Span, Time},
};

/// An isolate's replica of the store's entries.
#[wasm_bindgen]
#[derive(Debug)]
pub struct RevocationReplica(Replica);

#[wasm_bindgen]
impl RevocationReplica {
    /// Tokens that live longer than this are not let in.
    #[wasm_bindgen(constructor)]
    pub fn new(max_lifetime_sec: f64) -> Self {
        Self(Replica::new(Span::from_millis((max_lifetime_sec * 1000.0) as i64)))
    }

    /// Whether a principal's token is revoked, as a replica of this age at most (of any, where none is given) says, in the bits of
    /// `seam::revocation`: an update is to be begun beside only where `can_refresh`. Nothing where the replica is too old, or
    /// was never whole. Throws what a token that outlives the entries is refused with.
    #[wasm_bindgen(js_name = isRevoked)]
    #[expect(clippy::too_many_arguments, reason = "numbers and texts cross, objects don't")]
    pub fn is_revoked(
        &mut self,
        issuer: &str,
        id: &str,
        expires_at: Option<f64>,
        token: Option<String>,
        max_age_ms: Option<f64>,
        can_refresh: bool,
        now: f64,
    ) -> Result<Option<u8>, JsValue> {
        let now = Time::from_millis(now);
        let facts = Facts::of(issuer, id, expires_at, token.as_deref());
        let revoked = self.0.is_revoked(&facts, now).map_err(|error| thrown(&error))?;
        let answer = if revoked { numbers::REVOKED } else { 0 };
        let Some(max_age_ms) = max_age_ms else { return Ok(self.0.is_whole().then_some(answer)) };
        Ok(match self.0.freshness(now, Span::from_millis(max_age_ms as i64), can_refresh) {
            Freshness::Fresh => Some(answer),
            Freshness::Aging => Some(answer | numbers::AGING),
            Freshness::Stale => None,
        })
    }

    /// What the store is asked.
    pub fn path(&self) -> String {
        let (epoch, seq) = self.0.cursor();
        format!("/changes?epoch={epoch}&seq={seq}")
    }

    /// What it answered to a question of that time; whether there is more to ask for.
    #[wasm_bindgen(js_name = handleChanges)]
    pub fn handle_changes(&mut self, changes: &str, asked_at: f64) -> Result<bool, JsValue> {
        self.0.handle_changes(changes, Time::from_millis(asked_at)).map_err(|error| thrown(&error))
    }
}

/// What the store is told when an operator asks for this to be revoked, as JSON.
#[wasm_bindgen(js_name = revocationEntry)]
pub fn revocation_entry(entry: &str, max_lifetime_sec: f64, now: f64) -> Result<String, JsValue> {
    let max_lifetime = Span::from_millis((max_lifetime_sec * 1000.0) as i64);
    config::object(entry, "entry")
        .and_then(|entry| Entry::requested(&entry, max_lifetime, Time::from_millis(now)))
        .map_err(|error| thrown(&error))
}

/// What holds of two entries about one name: `before`, which is not a number where it does not matter when a token was issued, and
/// `expires`.
#[wasm_bindgen(js_name = revocationMerged)]
pub fn revocation_merged(before: Option<f64>, expires: f64, other_before: Option<f64>, other_expires: f64) -> Vec<f64> {
    let merged = Entry { before, expires }.merged(Entry { before: other_before, expires: other_expires });
    vec![merged.before.unwrap_or(f64::NAN), merged.expires]
}

/// How many entries a store may have, and how many of them an answer has: `{ entries, page }`.
#[wasm_bindgen(js_name = revocationLimits)]
pub fn revocation_limits() -> String {
    Members::new().integer("entries", MAX_ENTRIES as i64).integer("page", PAGE as i64).end()
}
