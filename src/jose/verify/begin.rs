//! What becomes of a token before its signature is known: whose it is, and which key it is checked with; everything but the
//! signature is checked, and what it says is written down once.

use std::{borrow::Cow, mem, sync::Arc};

use super::{
    no_provider,
    refusal::{no_key, other_algorithm, other_issuer, unreadable, wrong_length},
    step::{SignatureCheck, Step},
    token::{Parts, PendingCheck, Sealed, VerifiedToken, SEPARATOR},
    Verifier,
};
use crate::{
    error::{Code, Error},
    jose::{
        alg::Algorithm,
        claims::{self, Candidate},
        jwks::{Hint, KeyId},
        jwks_cache::{Decision, FetchId, JwksCache},
        jws::UntrustedJws,
        provider::Provider,
        rsa,
    },
    json::{self, Object, Value},
    principal::{self, Kind},
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
    fn seen_before(&mut self, token: &[u8], now: Time) -> Option<Arc<VerifiedToken>> {
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

/// A token's issuer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    /// Whether it is this token's own: that of its tenant, which the provider's configuration doesn't say.
    pub(super) is_own: bool,
}

/// Writes down what the token says. Payload and header were parsed strictly, so their own text can stand there: every parser
/// reads the same in it.
pub(super) fn seal(
    issuer: Named<'_>,
    candidate: &Candidate<'_>,
    token: &str,
    header: &str,
    payload: &str,
) -> Result<Sealed, Error> {
    let id = candidate.subject;
    let scopes: usize = candidate.scopes.iter().map(|scope| scope.len() + 1).sum();
    let mut text = String::with_capacity(token.len() + payload.len() + header.len() + id.len() + scopes);
    text.push_str(token);
    let mut written = text.len();
    let mut part = |text: &String| {
        let length = text.len() - written;
        written = text.len();
        length
    };
    text.push_str(payload);
    let claims = part(&text);
    text.push_str(header);
    let header = part(&text);
    text.push_str(id);
    let id_len = part(&text);
    let has_separator = write_scopes(&mut text, &candidate.scopes);
    let scopes = part(&text);
    if has_separator {
        write_list(&mut text, &candidate.scopes);
    }
    let scope_list = part(&text);
    if !candidate.labels.is_empty() {
        write_record(&mut text, &candidate.labels);
    }
    let labels = part(&text);
    if issuer.is_own || !principal::is_plain(id) {
        text.push_str(&principal::key(Kind::Jwt, Some(issuer.name), id));
    }
    let key = part(&text);
    if issuer.is_own {
        text.push_str(issuer.name);
    }
    let issuer = part(&text);
    Ok(Sealed {
        text,
        token_len: token.len(),
        parts: Parts { claims, header, id: id_len, scopes, scope_list, labels, key, issuer },
        window: candidate.window,
        expires_at: candidate.expires_at,
        is_long_lived: candidate.is_long_lived,
    })
}

/// Writes the scopes with separators between them. A scope out of a list may hold a space (a role, say), and must not count as
/// two. One that holds the separator itself is left out, and can't be asked for: whether there is one.
fn write_scopes(out: &mut String, scopes: &[&str]) -> bool {
    let mut has_separator = false;
    let mut is_first = true;
    for scope in scopes {
        if scope.as_bytes().contains(&(SEPARATOR as u8)) {
            has_separator = true;
            continue;
        }
        if !mem::take(&mut is_first) {
            out.push(SEPARATOR);
        }
        out.push_str(scope);
    }
    has_separator
}

#[cold]
#[inline(never)]
fn write_list(out: &mut String, items: &[&str]) {
    for (index, item) in items.iter().enumerate() {
        out.push(if index == 0 { '[' } else { ',' });
        json::write_string(out, item);
    }
    out.push(']');
}

#[inline(never)]
fn write_record(out: &mut String, members: &[(&str, Cow<'_, str>)]) {
    for (index, (name, value)) in members.iter().enumerate() {
        out.push(if index == 0 { '{' } else { ',' });
        json::write_string(out, name);
        out.push(':');
        json::write_string(out, value);
    }
    out.push('}');
}
