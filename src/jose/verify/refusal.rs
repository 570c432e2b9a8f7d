//! What a refused token is told. These are rare, and kept out of the way of the tokens that are good.

use crate::{
    error::{shown, Code, Error, Fact},
    jose::{
        alg::Algorithm,
        jwks::{Hint, MAX_CANDIDATES},
        jwks_cache::{Decision, FailedRequest, JwksCache},
        provider::Provider,
    },
    json,
    text::joined,
};

/// So many of the configured issuers are told.
const SHOWN: usize = 4;

#[cold]
#[inline(never)]
pub(super) fn other_issuer(providers: &[(Provider, JwksCache)], issuer: &str) -> Error {
    let mut message = format!("no provider is configured for the issuer \"{}\"", shown(issuer));
    let slash = |known: &str| known.trim_end_matches('/') == issuer.trim_end_matches('/');
    let near = providers.iter().find(|(provider, _)| slash(provider.issuer.text()));
    let tenants = providers.iter().find(|(provider, _)| provider.issuer.is_one_of_many(issuer));
    if let Some((provider, _)) = near {
        message.push_str(&format!(
            "; \"{}\" is configured, and the slash at the end counts: set `issuer` to what the tokens have in `iss`",
            shown(provider.issuer.text())
        ));
    } else if let Some((provider, _)) = tenants {
        message.push_str(&format!(
            "; \"{}\" is configured, with `tenants` that don't have this one, or the token's `tid` says another",
            shown(provider.issuer.text())
        ));
    } else {
        let known: Vec<_> = providers.iter().map(|(provider, _)| shown(provider.issuer.text())).take(SHOWN).collect();
        let more = if providers.len() > SHOWN { ", and others" } else { "" };
        message.push_str(&format!(
            "; configured as `issuer`: \"{}\"{more}",
            joined(known.iter().map(String::as_str), "\", \"")
        ));
    }
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
    let fix = match (algorithm.is_symmetric(), provider.keys.algorithms.iter().any(Algorithm::is_symmetric)) {
        (true, false) => {
            "; a token signed with a shared secret needs that as `secret`, and its algorithm in `algorithms`"
        }
        (false, true) if provider.keys.algorithms.iter().all(Algorithm::is_symmetric) => {
            "; this provider has a `secret`: where its tokens move to public keys, list both kinds in `algorithms`"
        }
        _ => "",
    };
    let name = shown(&provider.name);
    Error::new(Code::TokenAlgorithm, format!("{algorithm} is not among the algorithms of the provider \"{name}\"{fix}"))
        .about("alg")
}

/// Why there is no key for a token. `kept_for` is the issuer of the one that would have been it.
#[cold]
#[inline(never)]
pub(super) fn no_key(provider: &Provider, hint: &Hint<'_>, decision: Decision, kept_for: Option<&str>) -> Error {
    let (name, algorithm) = (shown(&provider.name), hint.algorithm);
    let message = match (decision, hint.kid) {
        (Decision::Unavailable { retry_after, reason, failed }, _) => {
            let message = format!("the keys of the provider \"{name}\" can't be had now: {reason}");
            let mut error = Error::new(Code::JwksUnavailable, message).retry_after(retry_after);
            if let Some(FailedRequest { url, status }) = failed {
                error = error.with("url", Fact::Text(url));
                if let Some(status) = status {
                    error = error.with("status", Fact::Number(u64::from(status)));
                }
            }
            return error;
        }
        (Decision::Ambiguous, Some(kid)) => {
            format!("the provider \"{name}\" has more than one key named \"{}\"", shown(kid))
        }
        (Decision::Ambiguous, None) => format!(
            "the token has no `kid`, and the provider \"{name}\" has more than one key for it: they are tried only where none of \
             them has a `kid` either, and there are at most {MAX_CANDIDATES}"
        ),
        (_, None) if hint.tried > 0 => {
            let message = format!("the signature is that of none of the provider \"{name}\"'s keys");
            return Error::new(Code::TokenSignature, message);
        }
        (_, Some(kid)) => {
            let mut message = format!("the provider \"{name}\" has no {algorithm} key named \"{}\"", shown(kid));
            if let (Some(of), Some(issuer)) = (kept_for, hint.issuer) {
                message.push_str(&format!(
                    " for the token's issuer \"{}\": it publishes that key for the issuer \"{}\" alone; configure as `issuer` \
                     the one that the key names, or, if its keys are this issuer's too, give them as `jwks`, without their \
                     member `issuer`",
                    shown(issuer),
                    shown(of)
                ));
            }
            message
        }
        (_, None) => format!("the provider \"{name}\" has no {algorithm} key for a token without `kid`"),
    };
    Error::new(Code::KeyNotFound, message).about("kid")
}
