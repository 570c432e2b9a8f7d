//! What the provider's clock shows, and when tokens end by ours.

use super::attempt::Life;
use crate::{
    time::{Span, Time},
    token::response::Tokens,
};

/// The provider's clock, as far as it has said.
#[derive(Debug, Default)]
pub(super) struct ServerClock {
    /// What it shows more than ours.
    ahead: Option<Span>,
    /// The newest `iat` seen.
    issued: Option<Time>,
}

impl ServerClock {
    pub(super) const fn ahead(&self) -> Option<Span> {
        self.ahead
    }

    pub(super) fn show(&self, now: Time) -> Time {
        now.plus(self.ahead.unwrap_or(Span::ZERO))
    }

    pub(super) fn learn(&mut self, date: Option<Time>, now: Time) {
        if let Some(date) = date {
            self.ahead = Some(date.since(now));
        }
    }

    /// A token was issued then.
    pub(super) fn see(&mut self, issued: Option<Time>) {
        self.issued = self.issued.max(issued);
    }

    /// By our clock a token has ended. Out of a cache, perhaps; but one that was made between two calls shows that our clock is
    /// ahead. Whether it does.
    pub(super) fn is_corrected_by(&mut self, issued: Option<Time>, now: Time) -> bool {
        match (issued, self.issued) {
            (Some(issued), Some(before)) if issued > before => {
                self.ahead = Some(issued.since(now));
                true
            }
            _ => false,
        }
    }

    /// When tokens end. `sent` is when they were asked for; `is_cached` says that they may be older than that.
    pub(super) fn life_of(&mut self, tokens: &Tokens, sent: Time, now: Time, is_cached: bool) -> Option<Life> {
        let own = tokens.facts.life();
        let relative = tokens.expires_in.map(|said| own.map_or(said, |own| own.min(said)));
        let from_now = |whole: Span| Life { whole, expires: sent.plus(whole) };
        let absolute = tokens.expires_at.or(tokens.facts.expires);
        match (relative, own, absolute) {
            (Some(whole), ..) if !is_cached => Some(from_now(whole)),
            // What an endpoint gives was made just now, so no clock is needed to know how long it lives.
            (None, Some(whole), _) if !is_cached && tokens.expires_at.is_none() => Some(from_now(whole)),
            (_, _, Some(expires)) => {
                let mut server_now = self.show(now);
                if let Some(issued) = tokens.facts.issued.filter(|issued| *issued > server_now) {
                    // A token can't come from the future: our clock is behind.
                    server_now = issued;
                    self.ahead = Some(issued.since(now));
                }
                let left = expires.since(server_now);
                Some(Life { whole: own.unwrap_or(left), expires: now.plus(left) })
            }
            (Some(whole), ..) => Some(from_now(whole)),
            _ => None,
        }
    }
}
