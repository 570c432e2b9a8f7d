//! Tokens that go along with the requests of somebody's own, as JavaScript sees them. See `npm/token/create-fetch.ts`.

use wasm_bindgen::prelude::*;

use crate::{
    time::Span,
    token::{
        attached,
        renewals::{self, Futile, Relation, Renewal},
        response::Facts,
    },
};

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

/// What to do about a token that was refused: 0 to ask for another one, 1 to take the one that came instead, 2 for nothing, 3 for nothing,
/// which counts. Times are in milliseconds, and passed since the fresh one came, and since fresh ones were in vain there last.
#[wasm_bindgen(js_name = renewal)]
pub fn renewal(is_replaced: bool, is_for_another: bool, fresh_passed: f64, futile: u32, futile_passed: f64) -> u8 {
    let relation = match (is_replaced, is_for_another) {
        (true, _) => Relation::Replaced,
        (_, true) => Relation::FreshForAnother,
        _ => Relation::None,
    };
    match renewals::renewal(relation, span(fresh_passed), Futile { times: futile, passed: span(futile_passed) }) {
        Renewal::Ask => 0,
        Renewal::Known => 1,
        Renewal::Futile => 2,
        Renewal::FoundFutile => 3,
    }
}

/// How often fresh tokens were in vain at a server, where they are once more.
#[wasm_bindgen(js_name = futileRenewals)]
pub fn futile_renewals(futile: u32, futile_passed: f64) -> u32 {
    Futile { times: futile, passed: span(futile_passed) }.again()
}

fn span(millis: f64) -> Span {
    Span::from_millis(millis as i64)
}

/// Whether two tokens say that they are of different people.
#[wasm_bindgen(js_name = tokensContradict)]
pub fn tokens_contradict(one: &str, other: &str) -> bool {
    Facts::of(one.as_bytes()).contradicts(&Facts::of(other.as_bytes()))
}
