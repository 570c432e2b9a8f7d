//! What becomes of a token before its signature is known: everything but the signature is checked, and the key is found.

use std::rc::Rc;

use super::{
    choose::{choose, is_possible_length, provider_of, NoChoice},
    no_provider,
    pending::PendingCheck,
    refusal::{no_key, other_algorithm, unreadable, wrong_length},
    seal::{seal, Named},
    step::{SignatureCheck, Step},
    token::VerifiedToken,
    Verifier,
};
use crate::{
    error::Error,
    jose::{
        claims,
        jwks::Hint,
        jwks_cache::{Decision, JwksCache},
        jws::UntrustedJws,
        provider::Provider,
    },
    json,
    time::Time,
};

impl Verifier {
    pub(super) fn try_begin(&mut self, tried: usize, token: &[u8], arrived: Time, now: Time) -> Result<Step, Error> {
        if let Some(verified) = self.seen_before(token, now) {
            verified.window().check(now)?;
            return Ok(Step::Verified(verified));
        }
        let jws = UntrustedJws::parse(token, &mut self.scratch)?;
        let payload = text(jws.payload())?;
        let claims = json::object_of(payload).map_err(unreadable)?;
        let (index, issuer) = provider_of(&self.providers, &claims)?;
        let (provider, keys) = self.providers.get_mut(index).ok_or_else(no_provider)?;
        let algorithm = jws.header().algorithm();
        if !provider.keys.algorithms.contains(algorithm) {
            return Err(other_algorithm(provider, algorithm));
        }
        provider.check_type(jws.header().typ())?;
        // What no key could have signed is over before any key is looked for, or fetched.
        let length = jws.signature().len();
        if !is_possible_length(algorithm, length) {
            return Err(wrong_length(algorithm));
        }
        let hint = Hint {
            kid: jws.header().kid(),
            algorithm,
            issuer: Some(issuer),
            is_own: !provider.issuer.has_tenants(),
            tried,
        };
        let chosen = match choose(keys, hint, length, arrived, now) {
            Ok(chosen) => chosen,
            Err(none) => return without_key(index, provider, keys, &hint, none),
        };
        let (key, refresh) = (chosen.key, chosen.refresh.map(|fetch| (index, fetch)));
        if !self.imported.contains(&(key, algorithm)) {
            return Ok(Step::Import { key, algorithm, refresh });
        }
        let kept = if self.tokens.is_some() { text(token)? } else { "" };
        let named = Named { name: issuer, is_own: provider.issuer.has_tenants() };
        let outcome = claims::check(provider, &claims, self.tolerance, now)
            .and_then(|candidate| seal(named, &candidate, kept, text(jws.header().text())?, payload));
        let check = PendingCheck { provider: index, generation: keys.generation(), outcome };
        Ok(Step::Check(SignatureCheck {
            id: self.pending.add(check, now)?,
            key,
            algorithm,
            signature_len: length,
            signing_input_len: jws.signing_input_len(),
            refresh,
            next: chosen.next,
        }))
    }

    /// A token that the cache holds, whose keys are still good.
    fn seen_before(&mut self, token: &[u8], now: Time) -> Option<Rc<VerifiedToken>> {
        let tokens = self.tokens.as_mut()?;
        let verified = tokens.get(token, now)?;
        let keys = &self.providers.get(verified.provider)?.1;
        if keys.generation() == verified.generation && keys.is_current(now) {
            return Some(verified);
        }
        if keys.generation() != verified.generation {
            tokens.remove(token);
        }
        None
    }
}

/// What a caller does for whose token there is no key now.
#[cold]
#[inline(never)]
fn without_key(
    index: usize,
    provider: &Provider,
    keys: &JwksCache,
    hint: &Hint<'_>,
    none: NoChoice,
) -> Result<Step, Error> {
    match none {
        NoChoice::Decided(Decision::Fetch(fetch)) => Ok(Step::Fetch(index, fetch)),
        NoChoice::Decided(Decision::Wait { fetch, until }) => Ok(Step::Wait(index, fetch, until)),
        // A fetch that was begun is performed, whatever becomes of the token: else tokens like this one, sent again and
        // again, would keep the keys from being refreshed.
        NoChoice::WrongLength(Some(fetch)) => Ok(Step::Fetch(index, fetch)),
        NoChoice::WrongLength(None) => Err(wrong_length(hint.algorithm)),
        NoChoice::Decided(decision) => Err(no_key(provider, hint, decision, keys.kept_for(hint))),
    }
}

fn text(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| unreadable(json::Problem::Syntax))
}
