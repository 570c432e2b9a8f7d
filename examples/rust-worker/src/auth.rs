//! Whom this Worker believes: read from its variables, once an isolate.

use std::sync::OnceLock;

use arcgate::{Code, Error, JwtVerifier, Provider};
use worker::Env;

/// One for all requests: it keeps the provider's keys, and knows the tokens that it has seen.
static VERIFIER: OnceLock<JwtVerifier> = OnceLock::new();

/// The verifier, made at the first request. A mistake in the variables is told by each request, until it is mended.
pub fn verifier(env: &Env) -> Result<JwtVerifier, Error> {
    if let Some(verifier) = VERIFIER.get() {
        return Ok(verifier.clone());
    }
    let provider = Provider::discovery(variable(env, "ISSUER")?).audience(variable(env, "AUDIENCE")?);
    let verifier = JwtVerifier::builder().provider("main", provider).build()?;
    Ok(VERIFIER.get_or_init(|| verifier).clone())
}

fn variable(env: &Env, name: &'static str) -> Result<String, Error> {
    let missing = |_| Error::new(Code::Config, format!("the variable {name} is missing: set it in wrangler.toml"));
    env.var(name).map(|value| value.to_string()).map_err(missing)
}
