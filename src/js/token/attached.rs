//! Tokens that go along with the requests of somebody's own, as JavaScript sees them. See `npm/token/create-fetch.ts`.

use wasm_bindgen::prelude::*;

use crate::token::{attached, response::Facts};

/// Whether the token goes to an origin; `origins` are those that it may go to, each on its line.
#[wasm_bindgen(js_name = tokenGoesTo)]
pub fn token_goes_to(origin: &str, origins: &str) -> bool {
    attached::goes_to(origin, origins.split('\n'))
}

/// Whether an answer says that the token is bad, so that another one may help.
#[wasm_bindgen(js_name = tokenMayBeRenewed)]
pub fn token_may_be_renewed(status: u16, challenges: Option<String>) -> bool {
    attached::may_be_renewed(status, challenges.as_deref())
}

/// How long a token is not renewed for a server that has refused so many fresh ones in a row, in milliseconds.
#[wasm_bindgen(js_name = renewalPause)]
pub fn renewal_pause(futile: u32) -> f64 {
    attached::renewal_pause(futile).as_millis() as f64
}

/// Whether two tokens say that they are of different people.
#[wasm_bindgen(js_name = tokensContradict)]
pub fn tokens_contradict(one: &str, other: &str) -> bool {
    Facts::of(one.as_bytes()).contradicts(&Facts::of(other.as_bytes()))
}
