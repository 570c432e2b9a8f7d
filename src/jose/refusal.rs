//! What a refused token is told. These are rare, and kept out of the way of the tokens that are good.

use super::{alg::Algorithm, jwks_cache::JwksCache, provider::Provider};
use crate::{
    error::{shown, Code, Error},
    json,
};

#[cold]
#[inline(never)]
pub(super) fn other_issuer(providers: &[(Provider, JwksCache)], issuer: &str) -> Error {
    let slash = |known: &str| known.trim_end_matches('/') == issuer.trim_end_matches('/');
    let near = providers.iter().find(|(provider, _)| slash(&provider.issuer));
    let hint = near.map_or_else(String::new, |(provider, _)| {
        format!("; \"{}\" is configured, and the slash at the end counts", shown(&provider.issuer))
    });
    let message = format!("no provider is configured for the issuer \"{}\"{hint}", shown(issuer));
    Error::new(Code::TokenIssuer, message).about("iss")
}

#[cold]
pub(super) fn unreadable(problem: json::Problem) -> Error {
    Error::new(Code::TokenMalformed, format!("the token's payload {problem}"))
}

#[cold]
#[inline(never)]
pub(super) fn wrong_length(algorithm: Algorithm) -> Error {
    Error::new(Code::TokenSignature, format!("the signature is not as long as {algorithm}'s is with this key"))
}

#[cold]
#[inline(never)]
pub(super) fn other_algorithm(provider: &Provider, algorithm: Algorithm) -> Error {
    let name = shown(&provider.name);
    Error::new(Code::TokenAlgorithm, format!("{algorithm} is not among the algorithms of the provider \"{name}\""))
        .about("alg")
}

#[cold]
#[inline(never)]
pub(super) fn key_not_found(provider: &Provider, kid: Option<&str>, algorithm: Algorithm) -> Error {
    let message = match kid {
        Some(kid) => {
            format!("the provider \"{}\" has no {algorithm} key named \"{}\"", shown(&provider.name), shown(kid))
        }
        None => format!("the provider \"{}\" has no {algorithm} key for a token without `kid`", shown(&provider.name)),
    };
    Error::new(Code::KeyNotFound, message).about("kid")
}

#[cold]
#[inline(never)]
pub(super) fn ambiguous_key(provider: &Provider, kid: Option<&str>) -> Error {
    let message = match kid {
        Some(kid) => {
            format!("the provider \"{}\" has more than one key named \"{}\"", shown(&provider.name), shown(kid))
        }
        None => format!(
            "the token has no `kid`, and the provider \"{}\" has more than one key for it",
            shown(&provider.name)
        ),
    };
    Error::new(Code::KeyNotFound, message).about("kid")
}
