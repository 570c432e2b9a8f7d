//! The options of a verifier, from JavaScript or from a Worker's variable.

use super::{
    jwks_cache::CacheConfig,
    provider::Provider,
    url::PlainHosts,
    verify::{Bounds, Settings, Verifier},
};
use crate::{
    config::Reader,
    error::Error,
    json::{Object, Value},
    secret::Secret,
    time::Span,
};

/// A verifier from its options. `secret_of` gives the secret of a provider: secrets never stand in JSON.
///
/// # Errors
/// `ERR_CONFIG` that names the key and the fix.
pub fn verifier(options: &Object<'_>, secret_of: impl Fn(&str) -> Option<Secret>) -> Result<Verifier, Error> {
    verifier_of(Reader::new("", options), settings, secret_of)
}

/// What reads the options that are no provider's.
pub(crate) type ReadSettings = fn(&mut Reader<'_, '_>) -> Result<Settings, Error>;

/// As [`verifier`], by a reader of the options; what reads those that are no provider's is given, for few programs set any.
///
/// # Errors
/// `ERR_CONFIG`.
pub(crate) fn verifier_of(
    mut reader: Reader<'_, '_>,
    settings: ReadSettings,
    secret_of: impl Fn(&str) -> Option<Secret>,
) -> Result<Verifier, Error> {
    let wrong = "must be a record of providers: { name: { issuer, audience, … } }";
    let record = match reader.take("providers") {
        Some(Value::Object(record)) => record,
        None => return Err(reader.missing("providers", wrong)),
        _ => return Err(reader.wrong("providers", wrong)),
    };
    let hosts = PlainHosts::read(&mut reader)?;
    let mut providers = Vec::with_capacity(record.len());
    for (name, value) in record.iter() {
        let options = value.as_object().ok_or_else(|| reader.wrong("providers", wrong))?;
        let reader = reader.within(&format!("providers.{name}"), options);
        providers.push(Provider::read(name, reader, secret_of(name), &hosts)?);
    }
    let settings = settings(&mut reader)?;
    reader.finish()?;
    Verifier::new(providers, settings)
}

/// Reads the options that are no provider's.
///
/// # Errors
/// `ERR_CONFIG`.
pub(crate) fn settings(reader: &mut Reader<'_, '_>) -> Result<Settings, Error> {
    let tolerance = reader.number("clockToleranceSec", 0.0, 600.0)?.map(span);
    let token_cache = token_cache(reader)?;
    let key_cache = key_cache(reader)?;
    // Functions stay on JavaScript's side; their names are known, so that a misspelt one gets its hint.
    for name in ["checkClaims", "isRevoked", "fetch", "now", "onEvent"] {
        reader.take(name);
    }
    Ok(Settings { tolerance, token_cache, key_cache })
}

/// Where none is set.
#[cfg(any(feature = "web", feature = "jwt-compact"))]
pub(crate) fn default_settings(_: &mut Reader<'_, '_>) -> Result<Settings, Error> {
    Ok(Settings { token_cache: Some(Bounds::default()), ..Settings::default() })
}

fn token_cache(reader: &mut Reader<'_, '_>) -> Result<Option<Bounds>, Error> {
    let options = match reader.take("tokenCache") {
        None => return Ok(Some(Bounds::default())),
        Some(Value::Bool(false)) => return Ok(None),
        Some(Value::Object(options)) => options,
        Some(_) => return Err(reader.wrong("tokenCache", "must be an object, or false")),
    };
    let mut reader = reader.within("tokenCache", options);
    let default = Bounds::default();
    let bounds = Bounds {
        max_entries: reader.number("maxEntries", 2.0, 1e6)?.map_or(default.max_entries, |n| n as usize),
        max_bytes: reader.number("maxBytes", 1024.0, 1e9)?.map_or(default.max_bytes, |n| n as usize),
        max_age: reader.seconds("maxAgeSec")?.unwrap_or(default.max_age),
    };
    reader.finish()?;
    Ok(Some(bounds))
}

fn key_cache(reader: &mut Reader<'_, '_>) -> Result<CacheConfig, Error> {
    let mut config = CacheConfig::default();
    let options = match reader.take("jwksCache") {
        None => return Ok(config),
        Some(Value::Object(options)) => options,
        Some(_) => return Err(reader.wrong("jwksCache", "must be an object")),
    };
    let mut reader = reader.within("jwksCache", options);
    let times = [
        (reader.number("maxAgeSec", 1.0, 86_400.0)?, &mut config.max_age),
        (reader.number("cooldownSec", 1.0, 3600.0)?, &mut config.cooldown),
        (reader.number("staleIfErrorSec", 0.0, 86_400.0)?, &mut config.stale_if_error),
    ];
    for (given, place) in times {
        if let Some(seconds) = given {
            *place = span(seconds);
        }
    }
    if let Some(millis) = reader.number("timeoutMs", 10.0, 60_000.0)? {
        config.timeout = Span::from_millis(millis as i64);
    }
    reader.take("store");
    reader.finish()?;
    Ok(config)
}

fn span(seconds: f64) -> Span {
    Span::from_millis((seconds * 1000.0) as i64)
}
