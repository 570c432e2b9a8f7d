//! The verifiers of the tests: made by name, one isolate for all requests, and a clock that the tests set forward.

use std::{cell::RefCell, collections::HashMap, sync::OnceLock};

use arcgate::{verifier::Builder, JwtVerifier};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use super::{call, keep, told, Clock};

struct Entry {
    verifier: JwtVerifier,
    clock: Clock,
}

thread_local! {
    static MADE: RefCell<HashMap<String, Entry>> = RefCell::default();
}

// Made at the global scope, where a Worker may not fetch, set a timer or ask for a random number.
static EARLY: OnceLock<JwtVerifier> = OnceLock::new();

fn verifier(name: &str) -> Result<JwtVerifier, JsValue> {
    if name == "early" {
        return EARLY.get().cloned().ok_or_else(|| "not made yet".into());
    }
    let made = MADE.with_borrow(|made| made.get(name).map(|entry| entry.verifier.clone()));
    made.ok_or_else(|| "no such verifier".into())
}

/// Makes the one that stands at the global scope.
#[wasm_bindgen]
pub fn make_early(options: &str) -> Result<(), JsValue> {
    console_error_panic_hook::set_once();
    EARLY.get_or_init(|| {
        JwtVerifier::from_json(options).unwrap_or_else(|error| wasm_bindgen::throw_str(error.message()))
    });
    Ok(())
}

/// Makes a verifier. Its clock is the Worker's, or stands still, and is set forward by `ahead`. `asked` is asked whether
/// somebody is revoked.
#[wasm_bindgen]
pub fn make(name: String, options: &str, is_frozen: bool, asked: Option<Function>) -> Result<(), JsValue> {
    let clock = Clock::new(is_frozen);
    let own = clock.clone();
    let mut builder = Builder::from_json(options).clock(move || own.now());
    if let Some(asked) = asked {
        builder = builder.is_revoked(move |token| {
            let id = token.principal().id().to_owned();
            let asked = asked.clone();
            async move {
                let answer = call(&asked, id.into()).await.map_err(|thrown| format!("{thrown:?}"))?;
                Ok::<_, String>(answer.is_truthy())
            }
        });
    }
    let verifier = builder.build().map_err(|error| JsValue::from(error.message()))?;
    MADE.with_borrow_mut(|made| made.insert(name, Entry { verifier, clock }));
    Ok(())
}

/// Sets its clock forward.
#[wasm_bindgen]
pub fn ahead(name: &str, ms: f64) {
    MADE.with_borrow(|made| made.get(name).map(|entry| entry.clock.pass(ms)));
}

/// Verifies, and gives what the principal is called, or throws what was refused.
#[wasm_bindgen]
pub async fn verify(name: String, token: String, wait_until: Option<Function>) -> Result<String, JsValue> {
    let mut verifier = verifier(&name)?;
    if let Some(wait_until) = wait_until {
        verifier = verifier.wait_until(keep(wait_until));
    }
    let verified = verifier.verify(&token).await.map_err(|error| told(&error))?;
    Ok(verified.principal().id().to_owned())
}
