//! When a server wants to be asked again. `npm/platform/peer-errors.ts` asks this.

use wasm_bindgen::prelude::*;

use crate::{http::retry_after, time::Time};

/// The whole seconds after which a server wants to be asked again, by its `Retry-After` and its `Date`; a day at most.
#[wasm_bindgen(js_name = retryAfterSeconds)]
pub fn retry_after_seconds(value: Option<String>, date: Option<String>, now: f64) -> Option<f64> {
    const DAY: i64 = 24 * 3600;
    let span = retry_after::read(value.as_deref(), date.as_deref(), Time::from_millis(now))?;
    Some(span.as_secs_ceil().min(DAY) as f64)
}
