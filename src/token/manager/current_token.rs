//! What a manager holds: a token and its time, or the reason why there is none.

use super::attempt::{Asked, Life};
use crate::{
    error::Error,
    secret::Secret,
    time::{Span, Time},
    token::schedule,
};

#[derive(Debug)]
pub(super) struct CurrentToken {
    pub(super) token: Secret,
    pub(super) scope: Option<String>,
    pub(super) life: Option<Life>,
    /// When it was asked for.
    pub(super) asked: Asked,
    /// When it came here.
    pub(super) came: Time,
    /// `None` when its end is unknown.
    pub(super) usable_until: Option<Time>,
    /// `None` when it can't be.
    pub(super) refresh_at: Option<Time>,
}

#[derive(Debug)]
pub(super) struct Cooldown {
    pub(super) error: Error,
    /// Told as one that no retry mends.
    pub(super) is_final: bool,
    /// `None`: never again, until somebody hands tokens in.
    pub(super) until: Option<Time>,
}

impl CurrentToken {
    #[allow(clippy::too_many_arguments, reason = "each is another part of what is current")]
    pub(super) fn new(
        token: Secret,
        scope: Option<String>,
        life: Option<Life>,
        asked: Asked,
        can_refresh: bool,
        refresh_margin: Option<Span>,
        now: Time,
        random: f64,
    ) -> Self {
        let usable_until = life.map(|life| life.expires.minus(schedule::expiry_leeway(life.whole)));
        let planned = match life {
            Some(life) => life.expires.minus(schedule::refresh_margin(life.whole, refresh_margin, random)),
            None => now.plus(schedule::UNKNOWN_LIFE),
        };
        // A token that comes with little left, as out of somebody's cache, is not asked for again at once.
        let left = usable_until.map_or(0, |until| until.since(now).as_millis().max(0));
        let least = now.plus(Span::from_millis((left / 2).clamp(500, 60_000)));
        let refresh_at = can_refresh.then(|| if planned <= now { least } else { planned });
        Self { token, scope, life, asked, came: now, usable_until, refresh_at }
    }

    pub(super) fn is_usable(&self, now: Time) -> bool {
        self.usable_until.is_none_or(|until| now < until)
    }

    /// Whether less than this is left. A token can't be asked to live on for longer than half of its life.
    pub(super) fn ends_within(&self, span: Span, now: Time) -> bool {
        let Some(life) = self.life else { return false };
        self.refresh_at.is_some() && life.expires.since(now) < span.min(Span::from_millis(life.whole.as_millis() / 2))
    }
}

impl Cooldown {
    pub(super) fn error(&self, wait: Option<Span>) -> Error {
        let error = self.error.clone();
        match wait {
            Some(wait) => error.retry_after(wait),
            None => error,
        }
    }
}
