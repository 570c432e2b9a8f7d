//! Several tabs with the same tokens, as JavaScript sees them. See `npm/token/tabs.ts`.

use wasm_bindgen::prelude::*;

use super::token::{text, TokenCore};
use crate::{
    time::{Span, Time},
    token::manager::{Input, RefreshTokenStatus},
};

#[wasm_bindgen]
impl TokenCore {
    /// Says whether the lock was there at once.
    pub fn locked(&mut self, attempt: u32, is_free: bool, now: f64, random: f64) {
        self.handle(attempt, Input::Locked(is_free), now, random);
    }

    /// Says that nobody has anything more to say, and whether another tab has used the refresh token.
    pub fn asked(&mut self, attempt: u32, is_rotated: bool, now: f64, random: f64) {
        let status = if is_rotated { RefreshTokenStatus::Rotated } else { RefreshTokenStatus::Usable };
        self.handle(attempt, Input::Asked(status), now, random);
    }

    /// Somebody signed out at `at`, in milliseconds; `is_news` says that it happens now. Whether tokens were forgotten.
    #[wasm_bindgen(js_name = signOut)]
    pub fn sign_out(&mut self, at: f64, is_news: bool, now: f64) -> bool {
        self.manager.sign_out(Time::from_millis(at), is_news, Time::from_millis(now))
    }

    /// Somebody signed in.
    #[wasm_bindgen(js_name = signIn)]
    pub fn sign_in(&mut self) {
        self.manager.sign_in();
    }

    /// The refresh token there is.
    #[wasm_bindgen(js_name = refreshToken)]
    pub fn refresh_token(&self) -> Option<String> {
        self.manager.refresh_token().and_then(text).map(str::to_owned)
    }

    /// The page was away.
    #[wasm_bindgen(js_name = cameBack)]
    pub fn came_back(&mut self) {
        self.manager.came_back();
    }
}

/// What to ask the other tabs for, as JSON.
pub(super) fn ask_action(usual: Span, long: Span) -> String {
    let mut out = String::from("{\"do\":\"ask\",\"limitMs\":");
    out.push_str(&usual.as_millis().to_string());
    out.push_str(",\"longMs\":");
    out.push_str(&long.as_millis().to_string());
    out.push('}');
    out
}
