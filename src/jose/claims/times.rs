//! When a token is good (RFC 7519 §4.1.4 to §4.1.6), and how long it may live.

use super::values::{date, missing};
use crate::{
    error::{Code, Error},
    jose::provider::Provider,
    json::Object,
    time::{Span, Time},
};

/// A lifetime above this is worth a warning in the audit log.
const LONG_LIFETIME: Span = Span::from_secs(3600);

/// The time in which a token is good, clock tolerance included.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    opens: Time,
    closes: Time,
}

impl Window {
    /// Whether the token is good now.
    ///
    /// # Errors
    /// `ERR_TOKEN_EXPIRED`, `ERR_TOKEN_NOT_YET_VALID`.
    pub fn check(self, now: Time) -> Result<(), Error> {
        if now >= self.closes {
            return Err(Error::new(Code::TokenExpired, "the token has expired").about("exp"));
        }
        if now < self.opens {
            let wait = self.opens.since(now);
            return Err(Error::new(
                Code::TokenNotYetValid,
                "the token is not valid yet (`nbf` or `iat` lies in the future): compare the clocks of both machines",
            )
            .about("nbf")
            .retry_after(wait));
        }
        Ok(())
    }

    #[cfg(test)]
    pub(crate) const fn for_tests(closes: Time) -> Self {
        Self { opens: Time::EPOCH, closes }
    }

    /// When it ends.
    pub const fn closes(self) -> Time {
        self.closes
    }
}

pub(super) fn times(provider: &Provider, claims: &Object<'_>, tolerance: Span) -> Result<(Window, Time, bool), Error> {
    let (expiry, issued, not_before) = (date(claims, "exp")?, date(claims, "iat")?, date(claims, "nbf")?);
    let aged = match (provider.max_token_age, issued) {
        (Some(age), Some(issued)) => Some(issued.plus(age)),
        (Some(_), None) => return Err(missing("iat", false)),
        (None, _) => None,
    };
    // The configuration makes sure that a token without `exp` has an age that ends it.
    let expires_at = match (expiry, aged) {
        (Some(expiry), Some(aged)) => expiry.min(aged),
        (Some(end), None) | (None, Some(end)) => end,
        (None, None) => return Err(missing("exp", false)),
    };
    let lifetime = issued.map(|issued| expires_at.since(issued));
    if let (Some(longest), Some(lifetime)) = (provider.max_lifetime, lifetime) {
        if lifetime > longest {
            return Err(
                Error::new(Code::TokenClaim, "the token lives for longer than `maxLifetimeSec` allows").about("exp")
            );
        }
    }
    if provider.max_lifetime.is_some() && lifetime.is_none() {
        return Err(missing("iat", false));
    }
    let opens = [issued, not_before].into_iter().flatten().max().map_or(Time::EPOCH, |t| t.minus(tolerance));
    Ok((Window { opens, closes: expires_at.plus(tolerance) }, expires_at, lifetime.is_some_and(|l| l > LONG_LIFETIME)))
}
