//! Whose a token is, and which key it is checked with.

use std::mem;

use super::refusal::other_issuer;
use crate::{
    error::{Code, Error},
    jose::{
        alg::Algorithm,
        jwks::{Hint, Jwks, KeyId, KeyIds},
        jwks_cache::{CacheConfig, Decision, FetchId, JwksCache, Place},
        key_source::KeySource,
        provider::Provider,
        rsa,
    },
    json::{Object, Value},
    time::Time,
};

/// The cache of keys that fits where the provider's keys come from.
pub(super) fn key_cache(provider: &mut Provider, config: &CacheConfig, ids: &mut KeyIds) -> Result<JwksCache, Error> {
    let path = format!("providers.{}", provider.name);
    let issuer = || provider.issuer.clone();
    let cache = match mem::replace(&mut provider.keys.source, KeySource::None) {
        KeySource::Discovery => JwksCache::at(Place::Issuer, issuer(), config.clone()),
        KeySource::Document(url) => JwksCache::at(Place::Document(url), issuer(), config.clone()),
        KeySource::JwksUri(uri) => JwksCache::at(Place::Keys(uri), issuer(), config.clone()),
        KeySource::Static(text) => {
            let jwks = Jwks::parse(text.as_bytes(), ids).map_err(|error| {
                Error::new(Code::Config, format!("`{path}.jwks`: {}", error.message())).about(format!("{path}.jwks"))
            })?;
            JwksCache::fixed(jwks)
        }
        KeySource::None => JwksCache::fixed(Jwks::default()),
    };
    Ok(match provider.keys.secret.take() {
        Some(secret) => cache.and_secret(Jwks::from_secret(secret, ids)),
        None => cache,
    })
}

/// The provider whose issuer the token names, and that issuer. Unverified, `iss` may do this and nothing else: select among
/// those configured. Of a provider with tenants `tid` must say the same.
pub(super) fn provider_of<'c>(
    providers: &[(Provider, JwksCache)],
    claims: &'c Object<'_>,
) -> Result<(usize, &'c str), Error> {
    let issuer = match claims.get("iss") {
        Some(Value::String(issuer)) => issuer.as_ref(),
        Some(other) => {
            let message = format!("the claim `iss` is {}, not a string", other.kind());
            return Err(Error::new(Code::TokenIssuer, message).about("iss"));
        }
        None => return Err(Error::new(Code::TokenIssuer, "the token has no `iss`").about("iss")),
    };
    // One that is configured by its whole name goes before one for many tenants.
    let exact = providers.iter().position(|(provider, _)| provider.issuer.fits(issuer, None));
    let found = exact.or_else(|| {
        let tenant = claims.get("tid").and_then(Value::as_str);
        providers.iter().position(|(provider, _)| provider.issuer.has_tenants() && provider.issuer.fits(issuer, tenant))
    });
    found.map(|index| (index, issuer)).ok_or_else(|| other_issuer(providers, issuer))
}

/// The key to check a token with.
pub(super) struct Choice {
    pub(super) key: KeyId,
    pub(super) refresh: Option<FetchId>,
    /// As [`super::SignatureCheck::next`].
    pub(super) next: Option<usize>,
}

/// Why there is no key to check a token with, now or at all.
pub(super) enum NoChoice {
    /// No key that could be meant makes signatures of this length. A fetch that was begun meanwhile.
    WrongLength(Option<FetchId>),
    /// Another decision than to use a key.
    Decided(Decision),
}

/// The next key to try, of those that make signatures of this length.
pub(super) fn choose(
    keys: &mut JwksCache,
    mut hint: Hint<'_>,
    length: usize,
    arrived: Time,
    now: Time,
) -> Result<Choice, NoChoice> {
    let mut begun = None;
    loop {
        match keys.find(&hint, arrived, now) {
            Decision::Use { key, has_next, refresh } => {
                begun = begun.or(refresh);
                let next = has_next.then_some(hint.tried + 1);
                if keys.key(key).map(|jwk| jwk.signature_len(hint.algorithm)) == Some(length) {
                    return Ok(Choice { key, refresh: begun, next });
                }
                match next {
                    Some(tried) => hint.tried = tried,
                    None => return Err(NoChoice::WrongLength(begun)),
                }
            }
            decision => return Err(NoChoice::Decided(decision)),
        }
    }
}

/// Whether any key that is fit for the algorithm could have made a signature of so many bytes.
pub(super) fn is_possible_length(algorithm: Algorithm, length: usize) -> bool {
    let of_rsa = rsa::MIN_BITS / 8..=rsa::MAX_BITS / 8;
    algorithm.signature_len().map_or(of_rsa.contains(&length), |exact| exact == length)
}
