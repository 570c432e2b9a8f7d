//! Logging in and out, as JavaScript sees it. See `npm/token/login.ts`.

use wasm_bindgen::prelude::*;

use super::{encode::text, TokenCore};
use crate::{
    config::{self, Reader},
    error::{Code, Error},
    js::error::thrown,
    json::{self, Members, Value},
    secret::Secret,
    time::{Span, Time},
    token::{
        login::{self, PendingLogin},
        manager::{AttemptId, Unverifiable},
        source::parameters,
    },
};

#[wasm_bindgen]
impl TokenCore {
    /// Looks the provider's endpoints up: the attempt; 0 when there is nothing to look up.
    #[wasm_bindgen(js_name = handleDiscovery)]
    pub fn handle_discovery(&mut self, now: f64) -> u32 {
        self.manager.handle_discovery(Time::from_millis(now));
        self.drain()
    }

    /// Begins a login: the URL to send the person to. `secrets` are the state, the nonce and the code verifier, each on its
    /// line; `options` those of `beginLogin` as JSON.
    #[wasm_bindgen(js_name = handleLogin)]
    pub fn handle_login(
        &mut self,
        secrets: &str,
        challenge: &str,
        return_to: Option<String>,
        options: &str,
        now: f64,
    ) -> Result<String, JsValue> {
        let mut lines = secrets.split('\n');
        let mut next = || lines.next().unwrap_or_default();
        let login = PendingLogin {
            state: Secret::new(next()),
            nonce: next().to_owned(),
            verifier: Secret::new(next()),
            return_to,
            max_age: None,
            begun: Time::from_millis(now),
        };
        let parameters = login_parameters(options).map_err(|error| thrown(&error))?;
        let now = login.begun;
        self.manager.handle_login(login, challenge, &parameters, now).map_err(|error| thrown(&error))
    }

    /// Where the page goes on after a login: the path of a URL, as the platform's parser writes it, of this origin.
    #[wasm_bindgen(js_name = returnPath)]
    pub fn return_path(&self, url: &str, origin: &str) -> Result<String, JsValue> {
        login::return_path(url, origin).map(str::to_owned).map_err(|error| thrown(&error))
    }

    /// Takes the query that a login came back with, as JSON: an array of names and values. Gives `{ attempt, returnTo }`.
    #[wasm_bindgen(js_name = handleLoginAnswer)]
    pub fn handle_login_answer(&mut self, query: &str, now: f64) -> Result<String, JsValue> {
        let query = json::parse(query.as_bytes()).map_err(|_| thrown(&Error::new(Code::Internal, "no query")))?;
        let pair = |item: &Value<'_>| match item.as_array() {
            Some([name, value]) => Some((name.as_str()?.to_owned(), value.as_str()?.to_owned())),
            _ => None,
        };
        let query: Vec<_> = query.as_array().unwrap_or_default().iter().filter_map(pair).collect();
        let query: Vec<_> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let return_to =
            self.manager.handle_login_answer(&query, Time::from_millis(now)).map_err(|error| thrown(&error))?;
        let out = Members::new().integer("attempt", self.drain().into());
        Ok(out.some_text("returnTo", return_to.as_deref()).end())
    }

    /// Hands in an ID token's claims as JSON, or a name for what is wrong with it.
    #[wasm_bindgen(js_name = handleVerified)]
    pub fn handle_verified(&mut self, attempt: u32, claims: Option<String>, why: &str, now: f64) {
        let outcome = claims.as_deref().ok_or(why);
        self.manager.handle_verified(AttemptId(attempt), outcome, Time::from_millis(now));
        self.drain();
    }

    /// Says that the keys which an ID token is verified with can't be had, as the verifier told it.
    #[wasm_bindgen(js_name = handleUnverifiable)]
    pub fn handle_unverifiable(
        &mut self,
        attempt: u32,
        why: &str,
        status: Option<u16>,
        url: Option<String>,
        retry_after_sec: Option<f64>,
        now: f64,
    ) {
        let retry_after = retry_after_sec.map(|seconds| Span::from_millis((seconds * 1000.0) as i64));
        let keys = Unverifiable { why, status, url: url.as_deref(), retry_after };
        self.manager.handle_unverifiable(AttemptId(attempt), keys, Time::from_millis(now));
        self.drain();
    }

    /// The logins that wait for their answers, as JSON.
    #[wasm_bindgen(js_name = pendingLogins)]
    pub fn pending_logins(&self) -> String {
        self.manager.pending_logins().to_json(self.manager.source_id())
    }

    /// Puts back what `pendingLogins` gave.
    #[wasm_bindgen(js_name = handlePendingLogins)]
    pub fn handle_pending_logins(&mut self, text: &str, now: f64) {
        self.manager.handle_pending_logins(text, Time::from_millis(now));
    }

    /// Tells this source's tokens from those of another.
    #[wasm_bindgen(js_name = sourceId)]
    pub fn source_id(&self) -> String {
        self.manager.source_id().to_owned()
    }

    /// Where the person is logged out at the provider, if there is such a place.
    #[wasm_bindgen(js_name = logoutUrl)]
    pub fn logout_url(&self) -> Option<String> {
        self.manager.logout_url()
    }

    /// The ID token.
    #[wasm_bindgen(js_name = idToken)]
    pub fn id_token(&self) -> Option<String> {
        self.manager.id_token().and_then(text).map(str::to_owned)
    }

    /// The claims of the ID token as JSON, once they are verified and while there are tokens.
    pub fn claims(&self) -> Option<String> {
        self.manager.claims()
    }

    /// The server's clock minus ours, in milliseconds, as far as it is known.
    #[wasm_bindgen(js_name = serverAhead)]
    pub fn server_ahead(&self) -> f64 {
        self.manager.server_ahead().unwrap_or(Span::ZERO).as_millis() as f64
    }

    /// Forgets the tokens and revokes them: the attempt; 0 when there is nothing to revoke.
    #[wasm_bindgen(js_name = handleRevocation)]
    pub fn handle_revocation(&mut self, now: f64) -> u32 {
        self.manager.handle_revocation(Time::from_millis(now));
        self.drain()
    }

    /// Throws what kept a login, a revocation or a look at the metadata from succeeding.
    pub fn outcome(&mut self, attempt: u32) -> Result<(), JsValue> {
        let lost = || Err(Error::new(Code::RefreshUnavailable, "the request was lost"));
        let place = self.outcomes.iter().position(|(id, _)| *id == AttemptId(attempt));
        let outcome = place.map(|place| self.outcomes.remove(place).1);
        outcome.unwrap_or_else(lost).map_err(|error| thrown(&error))
    }
}

/// The options of `beginLogin` that are the core's.
fn login_parameters(options: &str) -> Result<Vec<(String, String)>, Error> {
    let options = config::object(options, "options")?;
    let mut reader = Reader::new("", &options);
    let parameters = parameters(&mut reader, "authorizationParams")?;
    reader.take("returnTo");
    reader.finish()?;
    Ok(parameters)
}
