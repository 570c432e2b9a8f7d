//! A program's tokens: a machine's, by secret or key, and a person's.

use std::{cell::RefCell, convert::Infallible, rc::Rc};

use arcgate::{
    tokens::{Options, Request, SigningKey, Source, Storage},
    Error, TokenManager,
};
use wasm_bindgen::prelude::*;
use web_sys::CryptoKey;

/// What a test looks into.
#[derive(Clone, Default)]
struct Shelf(Rc<RefCell<Option<String>>>);

impl Storage for Shelf {
    type Error = Infallible;

    async fn load(&self) -> Result<Option<String>, Infallible> {
        Ok(self.0.borrow().clone())
    }

    async fn store(&self, tokens: &str) -> Result<(), Infallible> {
        *self.0.borrow_mut() = Some(tokens.to_owned());
        Ok(())
    }

    async fn delete(&self) -> Result<(), Infallible> {
        *self.0.borrow_mut() = None;
        Ok(())
    }
}

#[wasm_bindgen]
pub struct Tokens {
    manager: TokenManager,
    shelf: Shelf,
}

#[wasm_bindgen]
impl Tokens {
    pub fn machine(issuer: &str, client: &str, secret: &str, in_body: bool, scope: &str) -> Result<Tokens, JsValue> {
        let source = Source::client_credentials(issuer, client).scope(scope);
        Self::of(if in_body { source.client_secret_post(secret) } else { source.client_secret(secret) })
    }

    pub fn keyed(issuer: &str, client: &str, key: &CryptoKey, id: &str, scope: &str) -> Result<Tokens, JsValue> {
        let key = SigningKey::from_crypto_key(key);
        Self::of(Source::client_credentials(issuer, client).private_key(key).key_id(id).scope(scope))
    }

    pub fn person(issuer: &str, client: &str, refresh: &str, secret: Option<String>) -> Result<Tokens, JsValue> {
        let source = Source::refresh_token(issuer, client, refresh);
        Self::of(match secret {
            Some(secret) => source.client_secret_post(secret),
            None => source,
        })
    }

    fn of(source: Source) -> Result<Tokens, JsValue> {
        let shelf = Shelf::default();
        let manager = TokenManager::new(source, Options::new().storage(shelf.clone())).map_err(thrown)?;
        Ok(Self { manager, shelf })
    }

    pub async fn token(&self) -> Result<String, JsValue> {
        self.manager.token().await.map_err(thrown)
    }

    pub async fn fresh(&self) -> Result<String, JsValue> {
        self.manager.token_with(Request::new().fresh()).await.map_err(thrown)
    }

    pub fn invalidate(&self, token: &str) {
        self.manager.invalidate(token);
    }

    pub async fn revoke(&self) -> Result<(), JsValue> {
        self.manager.revoke().await.map_err(thrown)
    }

    pub fn expires_at(&self) -> Option<f64> {
        self.manager.expires_at().map(|end| end.as_seconds())
    }

    pub fn stored(&self) -> Option<String> {
        self.shelf.0.borrow().clone()
    }
}

fn thrown(error: Error) -> JsValue {
    let thrown = js_sys::Error::new(error.message());
    let subject = error.subject().map(|subject| format!(" {subject}")).unwrap_or_default();
    thrown.set_name(&format!("{}{subject}", error.code().as_str()));
    thrown.into()
}
