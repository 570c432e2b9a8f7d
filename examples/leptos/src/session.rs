//! What the page has one of: where its tokens come from, and what it trusts.

use arcgate::{
    tokens::{CallbackError, Options, Source, Tokens},
    JwtVerifier, Provider, TokenManager,
};
use gloo_net::http::Request;
use leptos::prelude::window;
use serde::Deserialize;

use crate::outcome::Problem;

/// Cheap to clone: all clones are one manager and one verifier.
#[derive(Clone)]
pub struct Session {
    pub tokens: TokenManager,
    pub verifier: JwtVerifier,
}

#[derive(Deserialize)]
struct Settings {
    issuer: String,
    audiences: Vec<String>,
}

impl Session {
    /// Asks the server what to trust. No token is asked for until somebody wants one.
    pub async fn begin() -> Result<Self, Problem> {
        let settings: Settings = Request::get("/settings").send().await?.json().await?;
        let provider = Provider::discovery(&settings.issuer).audiences(settings.audiences);
        let verifier = JwtVerifier::builder().provider("local", provider).build()?;
        // With any reason but the first, the server must not give the token that it gave before.
        let source = Source::callback(|reason| async move {
            let url = format!("/session/token?reason={}", reason.as_str());
            let answer = Request::post(&url).send().await?;
            if !answer.ok() {
                return Err(CallbackError::temporary());
            }
            Ok(Tokens::from_json(answer.text().await?))
        });
        Ok(Self { tokens: TokenManager::new(source, Options::new())?, verifier })
    }
}

/// The gate, under the page's own origin.
pub fn gate() -> String {
    let location = window().location();
    let host = location.host().unwrap_or_default();
    let scheme = if location.protocol().as_deref() == Ok("https:") { "wss" } else { "ws" };
    format!("{scheme}://{host}/arcp")
}
