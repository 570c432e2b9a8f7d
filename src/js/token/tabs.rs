//! Several tabs with the same tokens, as JavaScript sees them. See `npm/token/tabs.ts`.

use wasm_bindgen::prelude::*;

use super::{encode::text, TokenCore};
use crate::{
    seam::token::{TAB_ASKS, TAB_HAS_TOKENS, TAB_LOST, TAB_SIGNED_OUT},
    time::Time,
    token::manager::{AttemptId, RefreshTokenStatus},
};

#[wasm_bindgen]
impl TokenCore {
    /// Says whether the lock was there at once.
    #[wasm_bindgen(js_name = handleLock)]
    pub fn handle_lock(&mut self, attempt: u32, is_free: bool, now: f64) {
        self.manager.handle_lock(AttemptId(attempt), is_free, Time::from_millis(now));
        self.drain();
    }

    /// Says that nobody has anything more to say, and whether another tab has used the refresh token.
    #[wasm_bindgen(js_name = handleTabsAsked)]
    pub fn handle_tabs_asked(&mut self, attempt: u32, is_rotated: bool, now: f64) {
        let status = if is_rotated { RefreshTokenStatus::Rotated } else { RefreshTokenStatus::Usable };
        self.manager.handle_tabs_asked(AttemptId(attempt), status, Time::from_millis(now));
        self.drain();
    }

    /// Another tab has said something, as JSON: what came of it, in bits that [`crate::seam::token`] names.
    #[wasm_bindgen(js_name = handleTabMessage)]
    pub fn handle_tab_message(&mut self, text: &str, now: f64) -> u32 {
        let made = self.manager.handle_tab_message(text, Time::from_millis(now));
        let bit = |is_set: bool, bit| if is_set { bit } else { 0 };
        let ended = bit(made.is_signed_out, TAB_SIGNED_OUT) | bit(made.is_lost, TAB_LOST);
        bit(made.asks, TAB_ASKS) | bit(made.has_tokens, TAB_HAS_TOKENS) | ended
    }

    /// Takes over what another tab exported. Whether it was newer.
    #[wasm_bindgen(js_name = handleSharedTokens)]
    pub fn handle_shared_tokens(&mut self, text: &str, now: f64) -> bool {
        self.manager.handle_shared_tokens(text, Time::from_millis(now))
    }

    /// The tokens for a storage or another tab, as JSON.
    pub fn export(&self) -> Option<String> {
        self.manager.export().as_ref().and_then(text).map(str::to_owned)
    }

    /// Somebody signed out at `at`, in milliseconds; `is_news` says that it happens now. Whether tokens were forgotten.
    #[wasm_bindgen(js_name = handleSignOut)]
    pub fn handle_sign_out(&mut self, at: f64, is_news: bool, now: f64) -> bool {
        self.manager.handle_sign_out(Time::from_millis(at), is_news, Time::from_millis(now))
    }

    /// Somebody signed in.
    #[wasm_bindgen(js_name = handleSignIn)]
    pub fn handle_sign_in(&mut self, now: f64) {
        self.manager.handle_sign_in(Time::from_millis(now));
    }

    /// Whether another refresh token has come in the place of this one.
    #[wasm_bindgen(js_name = hasRotated)]
    pub fn has_rotated(&self, sent: &str) -> bool {
        self.manager.has_rotated(sent)
    }

    /// The refresh token there is.
    #[wasm_bindgen(js_name = refreshToken)]
    pub fn refresh_token(&self) -> Option<String> {
        self.manager.refresh_token().and_then(text).map(str::to_owned)
    }

    /// The refresh token that counts no more, for the other tabs.
    #[wasm_bindgen(js_name = lostRefreshToken)]
    pub fn lost_refresh_token(&self) -> Option<String> {
        self.manager.lost_refresh_token().and_then(text).map(str::to_owned)
    }

    /// The page was away.
    #[wasm_bindgen(js_name = handleReturn)]
    pub fn handle_return(&mut self, now: f64) {
        self.manager.handle_return(Time::from_millis(now));
    }
}
