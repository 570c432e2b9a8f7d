//! Where a provider's keys come from, by its options, and which algorithms that allows.

use super::{
    alg::{Algorithm, AlgorithmSet},
    issuer::Issuer,
    url,
};
use crate::{
    config::{Reader, Required},
    error::{shown, Error},
    json::Value,
    secret::Secret,
    text,
};

/// Where a provider's public keys come from.
#[derive(Debug)]
pub enum KeySource {
    /// The metadata at the issuer.
    Discovery,
    /// The metadata at this URL.
    Document(String),
    /// A JWKS at this URL.
    JwksUri(String),
    /// The JWKS that the configuration holds, as JSON.
    Static(String),
    /// Nowhere: it has a shared secret alone.
    None,
}

/// What a provider's tokens are verified with.
#[derive(Debug)]
pub struct Keys {
    /// Where the public keys come from.
    pub source: KeySource,
    /// The shared secret, for its own algorithms and nothing else.
    pub secret: Option<Secret>,
    /// The algorithms that its tokens may use.
    pub algorithms: AlgorithmSet,
}

impl Keys {
    /// Reads what says where keys come from. They come from one place, and a secret beside that is for a migration: the list of
    /// algorithms then says that both are meant.
    ///
    /// # Errors
    /// `ERR_CONFIG`.
    pub fn read(reader: &mut Reader<'_, '_>, issuer: &Issuer, secret: Option<Secret>) -> Result<Self, Error> {
        let env = reader.string("secretEnv", Required::No)?;
        if secret.is_none() && env.is_some() {
            return Err(reader.wrong("secretEnv", "is read by the Worker only: give the bytes as `secret` here"));
        }
        if secret.as_ref().is_some_and(|secret| secret.expose().len() < 32) {
            return Err(reader.wrong("secret", "is shorter than 32 bytes, the least that HS256 needs (RFC 7518 §3.2)"));
        }
        if secret.as_ref().is_some_and(|secret| is_key(secret.expose())) {
            let fix = "is a key as PEM or JSON, whose text may be public: give its bytes, or what it is for public keys in `jwks`";
            return Err(reader.wrong("secret", fix));
        }
        let place = place(reader, issuer)?;
        let listed = listed(reader)?;
        let algorithms = allowed(reader, secret.is_some(), place.as_ref().map(|(option, _)| *option), listed)?;
        let has_public = algorithms.iter().any(|algorithm| !algorithm.is_symmetric());
        let source = match place {
            Some((_, source)) => source,
            None if !has_public => KeySource::None,
            None => {
                url::check_with(&issuer.base(), issuer.hosts()).map_err(|problem| {
                    let fix = "without `jwksUri`, `jwks` or `secret` the keys are discovered at the issuer";
                    reader.wrong("issuer", format!("{problem}; {fix}"))
                })?;
                KeySource::Discovery
            }
        };
        Ok(Self { source, secret, algorithms })
    }
}

/// Whether bytes are the text of a key, and no secret: everybody may know that of a public one.
fn is_key(bytes: &[u8]) -> bool {
    let Ok(key) = std::str::from_utf8(bytes) else { return false };
    text::contains(key, "-----BEGIN ") || key.trim_ascii_start().starts_with('{') && text::contains(key, "\"kty\"")
}

/// The one place of public keys that is configured, with its option.
fn place(reader: &mut Reader<'_, '_>, issuer: &Issuer) -> Result<Option<(&'static str, KeySource)>, Error> {
    let mut found: Option<(&'static str, KeySource)> = None;
    for option in ["jwks", "jwksUri", "discoveryUrl"] {
        let source = if option == "jwks" {
            let Some(fixed) = reader.take("jwks") else { continue };
            let mut text = String::new();
            Value::write(fixed, &mut text);
            KeySource::Static(text)
        } else {
            let Some(uri) = reader.string(option, Required::No)? else { continue };
            url::check_with(uri, issuer.hosts()).map_err(|problem| reader.wrong(option, problem))?;
            if option == "jwksUri" {
                KeySource::JwksUri(uri.to_owned())
            } else {
                KeySource::Document(uri.to_owned())
            }
        };
        if let Some((other, _)) = found {
            return Err(reader.wrong(option, format!("can't stand beside `{other}`: public keys come from one place")));
        }
        found = Some((option, source));
    }
    Ok(found)
}

/// The algorithms that are listed, if any are.
fn listed(reader: &mut Reader<'_, '_>) -> Result<Option<AlgorithmSet>, Error> {
    let Some(names) = reader.strings("algorithms")? else { return Ok(None) };
    let mut set = AlgorithmSet::default();
    for name in &names {
        let algorithm = Algorithm::from_name(name)
            .ok_or_else(|| reader.wrong("algorithms", format!("names \"{}\", which is not supported", shown(name))))?;
        set.insert(algorithm);
    }
    if set.is_empty() {
        return Err(reader.wrong("algorithms", "is empty: leave it out for all asymmetric ones"));
    }
    Ok(Some(set))
}

/// The algorithms that fit the keys. Each error names the way out that is not yet another error.
fn allowed(
    reader: &Reader<'_, '_>,
    has_secret: bool,
    place: Option<&'static str>,
    listed: Option<AlgorithmSet>,
) -> Result<AlgorithmSet, Error> {
    const BOTH: &str = "to accept both for a while, list both kinds in `algorithms`, such as [\"HS256\", \"ES256\"]";
    let Some(set) = listed else {
        return match (has_secret, place) {
            (false, _) => Ok(AlgorithmSet::asymmetric()),
            (true, None) => Ok(AlgorithmSet::symmetric()),
            (true, Some(place)) => {
                Err(reader.wrong(place, format!("stands beside `secret`: {BOTH}; else leave one out")))
            }
        };
    };
    let shared = set.iter().find(|algorithm| algorithm.is_symmetric());
    let public = set.iter().find(|algorithm| !algorithm.is_symmetric());
    match (shared, public, place) {
        (Some(shared), ..) if !has_secret => Err(reader.wrong(
            "algorithms",
            format!(
                "names {shared}, which needs a shared `secret` as well; keys of a JWKS are public, and would let anybody sign"
            ),
        )),
        (None, Some(public), _) if has_secret => Err(reader.wrong(
            "algorithms",
            format!("names {public}, which needs a public key, and nothing that `secret` is for: leave `secret` out, or {BOTH}"),
        )),
        (_, None, Some(place)) => Err(reader.wrong(
            place,
            format!("stands beside `secret`, and `algorithms` lists nothing that it is for: leave it out, or {BOTH}"),
        )),
        _ => Ok(set),
    }
}
