//! What the verifier hands out, a token whose signature and claims hold; and what is known of one while WebCrypto looks at its
//! signature.

#[cfg(any(feature = "web", feature = "jwt-compact"))]
use std::sync::OnceLock;
use std::{borrow::Cow, fmt};

#[cfg(any(feature = "web", feature = "jwt-compact"))]
use crate::principal::Principal;
use crate::{
    error::{Code, Error},
    jose::claims::{self, Window},
    json::{self, Value},
    time::{Span, Time},
};

/// What stands between two scopes: no scope of RFC 6749 §3.3 holds one.
pub(super) const SEPARATOR: char = '\n';

/// A token whose signature and claims hold.
#[derive(Debug)]
pub struct VerifiedToken {
    pub(super) sealed: Sealed,
    pub(super) provider: usize,
    pub(super) generation: u32,
    pub(super) serial: u32,
    /// What programs in Rust have of it, made once for all its uses. (JavaScript keeps its own.)
    #[cfg(any(feature = "web", feature = "jwt-compact"))]
    principal: OnceLock<Principal>,
}

impl VerifiedToken {
    pub(super) fn new(sealed: Sealed, provider: usize, generation: u32, serial: u32) -> Self {
        Self {
            sealed,
            provider,
            generation,
            serial,
            #[cfg(any(feature = "web", feature = "jwt-compact"))]
            principal: OnceLock::new(),
        }
    }

    /// What the token says: claims, header, and what the principal is made of. [`Self::parts`] tells them apart.
    pub fn text(&self) -> &str {
        self.sealed.text.get(self.sealed.token_len..).unwrap_or_default()
    }

    /// The token itself, where it is to be remembered.
    pub(super) fn token(&self) -> &[u8] {
        self.sealed.text.as_bytes().get(..self.sealed.token_len).unwrap_or_default()
    }

    /// How many bytes of memory it takes, about.
    pub(super) fn size(&self) -> usize {
        // The principal says once more what stands in the text already.
        const OVERHEAD: usize = if cfg!(any(feature = "web", feature = "jwt-compact")) { 512 } else { 160 };
        self.sealed.text.len() + OVERHEAD
    }

    /// The lengths of the parts of [`Self::text`].
    pub const fn parts(&self) -> Parts {
        self.sealed.parts
    }

    /// The instant that the token itself names as its end.
    pub const fn expires_at(&self) -> Time {
        self.sealed.expires_at
    }

    /// The provider's index.
    pub const fn provider(&self) -> usize {
        self.provider
    }

    /// Its number among the tokens of its verifier that may be remembered: no other ever has it. 0 for none.
    pub const fn serial(&self) -> u32 {
        self.serial
    }

    /// The scopes that it grants.
    pub fn scopes(&self) -> Vec<Cow<'_, str>> {
        match json::parse(self.sealed.scope_list().as_bytes()) {
            Ok(Value::Array(items)) => {
                items.iter().filter_map(|item| Some(Cow::Owned(item.as_str()?.to_owned()))).collect()
            }
            _ => self.sealed.scopes().split(SEPARATOR).filter(|scope| !scope.is_empty()).map(Cow::Borrowed).collect(),
        }
    }

    /// Whether the token grants all of these scopes.
    ///
    /// # Errors
    /// `ERR_TOKEN_SCOPE` that lists what is missing.
    pub fn require_scopes<S: AsRef<str>>(&self, wanted: &[S]) -> Result<(), Error> {
        let granted = self.scopes();
        let granted: Vec<_> = granted.iter().map(Cow::as_ref).collect();
        let missing = claims::missing_scopes(&granted, wanted.iter().map(AsRef::as_ref));
        if missing.is_empty() {
            return Ok(());
        }
        Err(claims::missing_scopes_error(&missing))
    }

    /// When the token is good.
    pub const fn window(&self) -> Window {
        self.sealed.window
    }

    /// Whether the token lives for more than an hour.
    pub const fn is_long_lived(&self) -> bool {
        self.sealed.is_long_lived
    }

    /// The principal, made when it is first asked for.
    #[cfg(any(feature = "web", feature = "jwt-compact"))]
    pub(crate) fn principal(&self, make: impl FnOnce() -> Principal) -> &Principal {
        self.principal.get_or_init(make)
    }

    #[cfg(test)]
    pub(super) fn for_tests(text: &str, closes: Time) -> Self {
        let window = Window::for_tests(closes);
        let (token_len, parts) = (text.len(), Parts::default());
        let sealed =
            Sealed { text: text.to_owned(), token_len, parts, window, expires_at: closes, is_long_lived: false };
        Self::new(sealed, 0, 0, 0)
    }
}

/// What an accepted token says, sealed until its signature is approved. `Debug` shows nothing of it: the text begins with the token.
pub(super) struct Sealed {
    /// The token, where it is to be remembered, and what it says: all in one, for each piece of memory has its price.
    pub(super) text: String,
    pub(super) token_len: usize,
    pub(super) parts: Parts,
    pub(super) window: Window,
    pub(super) expires_at: Time,
    pub(super) is_long_lived: bool,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

impl Sealed {
    /// The scopes, which line feeds separate.
    pub(super) fn scopes(&self) -> &str {
        let start = self.scopes_at();
        self.text.get(start..start + self.parts.scopes).unwrap_or_default()
    }

    /// The scopes as a JSON list, where one of them holds a line feed; else nothing.
    fn scope_list(&self) -> &str {
        let start = self.scopes_at() + self.parts.scopes;
        self.text.get(start..start + self.parts.scope_list).unwrap_or_default()
    }

    const fn scopes_at(&self) -> usize {
        self.token_len + self.parts.claims + self.parts.header + self.parts.id
    }
}

/// How long the parts of what a token says are, in bytes and in their order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Parts {
    /// The claims, as the token's own JSON.
    pub claims: usize,
    /// The header, as the token's own JSON.
    pub header: usize,
    /// The principal's id.
    pub id: usize,
    /// The scopes, which line feeds separate.
    pub scopes: usize,
    /// The scopes as a JSON list: there when one of them holds a line feed itself.
    pub scope_list: usize,
    /// The labels as a JSON object: there when there are any.
    pub labels: usize,
    /// The principal's key: there when it is not the provider's prefix and the id.
    pub key: usize,
    /// The principal's issuer: there when it is not the provider's own.
    pub issuer: usize,
}

/// Checks pending at once. WebCrypto answers within milliseconds; what is older than [`GIVEN_UP`] never will.
const MOST: usize = 4096;
const GIVEN_UP: Span = Span::from_secs(30);

/// Names a check that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckId(pub u32);

/// A token of which everything but the signature was checked.
#[derive(Debug)]
pub(super) struct PendingCheck {
    /// The provider's index.
    pub(super) provider: usize,
    /// The generation of the provider's keys that the check began with.
    pub(super) generation: u32,
    /// What to say once the signature is approved, errors of the claims included.
    pub(super) outcome: Result<Sealed, Error>,
}

/// All that are pending.
#[derive(Debug, Default)]
pub(super) struct PendingChecks {
    slots: Vec<Slot>,
    free: Vec<u16>,
}

/// A place for a check. `turn` counts its uses, so that an old id means nothing.
#[derive(Debug)]
struct Slot {
    turn: u16,
    begun: Time,
    check: Option<PendingCheck>,
}

impl PendingChecks {
    /// Takes a check in. Bounded: those that nobody came back for make room.
    pub(super) fn add(&mut self, check: PendingCheck, now: Time) -> Result<CheckId, Error> {
        let at = match self.free.pop() {
            Some(at) => at,
            None if self.slots.len() < MOST => {
                self.slots.push(Slot { turn: 0, begun: now, check: None });
                (self.slots.len() - 1) as u16
            }
            None => self.given_up(now)?,
        };
        let slot =
            self.slots.get_mut(usize::from(at)).ok_or_else(|| Error::new(Code::Internal, "no place for the check"))?;
        *slot = Slot { turn: slot.turn.wrapping_add(1), begun: now, check: Some(check) };
        Ok(CheckId(u32::from(slot.turn) << 16 | u32::from(at)))
    }

    /// Gives a check back, once.
    pub(super) fn take(&mut self, id: CheckId) -> Result<PendingCheck, Error> {
        let (turn, at) = ((id.0 >> 16) as u16, id.0 as u16);
        let slot = self.slots.get_mut(usize::from(at)).filter(|slot| slot.turn == turn);
        let check = slot.and_then(|slot| slot.check.take()).ok_or_else(|| {
            Error::new(Code::Internal, "the signature check took too long and was given up: try again")
        })?;
        self.free.push(at);
        Ok(check)
    }

    fn given_up(&self, now: Time) -> Result<u16, Error> {
        let at = self.slots.iter().position(|slot| now.since(slot.begun) > GIVEN_UP);
        at.map(|at| at as u16).ok_or_else(|| {
            Error::new(Code::VerifierUnavailable, "too many signature checks are under way")
                .retry_after(Span::from_secs(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check() -> PendingCheck {
        PendingCheck { provider: 0, generation: 0, outcome: Err(Error::new(Code::TokenExpired, "x")) }
    }

    #[test]
    fn a_check_is_taken_once() {
        let mut checks = PendingChecks::default();
        let one = checks.add(check(), Time::EPOCH).unwrap();
        assert!(checks.take(one).is_ok());
        assert!(checks.take(one).is_err());
        let other = checks.add(check(), Time::EPOCH).unwrap();
        assert_ne!(one, other);
        assert!(checks.take(one).is_err());
        assert!(checks.take(CheckId(77)).is_err());
    }

    #[test]
    fn checks_that_nobody_finishes_make_room() {
        let mut checks = PendingChecks::default();
        let first = checks.add(check(), Time::EPOCH).unwrap();
        for _ in 1..MOST {
            checks.add(check(), Time::EPOCH).unwrap();
        }
        assert!(checks.add(check(), Time::EPOCH).is_err());
        assert!(checks.add(check(), Time::EPOCH.plus(GIVEN_UP)).is_err(), "none has had more than its time");
        let later = Time::EPOCH.plus(Span::from_secs(31));
        for _ in 0..10_000 {
            let id = checks.add(check(), later).unwrap();
            checks.take(id).unwrap();
        }
        assert!(checks.take(first).is_err());
        assert_eq!(checks.slots.len(), MOST);
    }
}
