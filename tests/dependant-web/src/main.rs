//! A program of somebody else's in the web's world: one export of its own, and a `main` that must run.

use std::sync::atomic::{AtomicU32, Ordering};

use arcgate::{verifier::Builder, JwtVerifier, Provider, Span, Time};
use wasm_bindgen::prelude::wasm_bindgen;

static RUNS: AtomicU32 = AtomicU32::new(0);

/// How often `main` has run.
#[wasm_bindgen]
pub fn runs() -> u32 {
    RUNS.load(Ordering::Relaxed)
}

/// What this program wants of arcgate.
#[wasm_bindgen]
pub fn in_a_minute(now_ms: f64) -> f64 {
    Time::from_millis(now_ms).plus(Span::from_secs(60)).as_millis() as f64
}

/// What a verifier with these options, or with this secret, says of a token at a time: the code of its refusal, or "ok".
#[wasm_bindgen]
pub async fn verdict(options: String, now_ms: f64, token: String) -> Result<String, String> {
    let builder = match options.strip_prefix("secret ") {
        Some(secret) => {
            let provider = Provider::secret("https://issuer.example", secret).audience("https://api.example/arc");
            JwtVerifier::builder().provider("main", provider)
        }
        None => Builder::from_json(&options),
    };
    let builder = builder.clock(move || Time::from_millis(now_ms));
    let verifier = builder.build().map_err(|error| error.to_string())?;
    Ok(match verifier.verify(&token).await {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.code().as_str().to_owned(),
    })
}

fn main() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}
