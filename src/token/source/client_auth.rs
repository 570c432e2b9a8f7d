//! How a client shows who it is, as it was configured.

use super::owned;
use crate::{
    config::{Reader, Required},
    error::Error,
    json::Value,
    secret::Secret,
    token::grant::{Assertion, ClientAuth},
};

pub(super) fn client_auth(reader: &mut Reader<'_, '_>) -> Result<ClientAuth, Error> {
    let secret = owned(reader, "clientSecret", Required::No)?.map(Secret::new);
    let has_key = reader.take("privateKey").is_some();
    let algorithm = owned(reader, "algorithm", Required::No)?;
    let key_id = owned(reader, "keyId", Required::No)?;
    let audience = owned(reader, "assertionAudience", Required::No)?;
    let thumbprints = thumbprints(reader)?;
    for (name, is_there) in [("assertionAudience", audience.is_some()), ("assertionHeader", !thumbprints.is_empty())] {
        if is_there && !has_key {
            return Err(reader.wrong(name, "belongs to `privateKey`, which is missing"));
        }
    }
    let method = reader.string("clientAuth", Required::No)?;
    let default = match (has_key, secret.is_some()) {
        (true, true) => {
            return Err(reader.wrong("clientSecret", "and `privateKey` are two ways to do one thing: give one"))
        }
        (true, false) => "private_key_jwt",
        (false, true) => "client_secret_basic",
        (false, false) => "none",
    };
    match (method.unwrap_or(default), secret) {
        ("client_secret_basic", Some(secret)) => Ok(ClientAuth::Basic(secret)),
        ("client_secret_post", Some(secret)) => Ok(ClientAuth::Post(secret)),
        ("client_secret_basic" | "client_secret_post", None) => Err(reader.missing("clientSecret", "is missing")),
        ("private_key_jwt", None) if has_key => match algorithm {
            Some(algorithm) => {
                Ok(ClientAuth::PrivateKeyJwt(Box::new(Assertion { algorithm, key_id, audience, thumbprints })))
            }
            None => Err(reader.missing("algorithm", "is missing")),
        },
        ("private_key_jwt", _) => Err(reader.missing("privateKey", "is missing: a CryptoKey that may sign")),
        ("none", None) if !has_key => Ok(ClientAuth::None),
        _ => Err(reader.wrong("clientAuth", "must be client_secret_basic, client_secret_post or private_key_jwt")),
    }
}

/// `assertionHeader`: what Entra knows a certificate by, its hash in base64url.
fn thumbprints(reader: &mut Reader<'_, '_>) -> Result<Vec<(&'static str, String)>, Error> {
    let options = match reader.take("assertionHeader") {
        None => return Ok(Vec::new()),
        Some(Value::Object(options)) => options,
        Some(_) => return Err(reader.wrong("assertionHeader", "must be an object: { x5t, \"x5t#S256\" }")),
    };
    let mut inner = Reader::new("source.assertionHeader", options);
    let mut found = Vec::new();
    for name in ["x5t", "x5t#S256"] {
        let Some(text) = inner.string(name, Required::No)? else { continue };
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(inner.wrong(name, "must be the certificate's hash in base64url, without padding"));
        }
        found.push((name, text.to_owned()));
    }
    inner.finish()?;
    Ok(found)
}
