//! The key by which a client shows who it is (`private_key_jwt`).

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    driver::Here,
    error::{Code, Error},
    jose::{alg::Algorithm, base64url, signing_key},
    json::{self, Members, Value},
    platform::{sign::PrivateKey, Platform},
    secret::Secret,
};

const PATH: &str = "source.privateKey";

/// A client's private key. It is handed to the platform (WebCrypto, in JavaScript) when it is first used, not to be had back.
///
/// ```
/// use arcgate::{tokens::{SigningKey, Source}, Algorithm};
///
/// let key = SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----", Algorithm::ES256);
/// let source = Source::client_credentials("https://login.example", "my-agent").private_key(key).key_id("2026-11");
/// ```
///
/// It signs ES256, ES384, ES512, EdDSA (Ed25519), RS256 to RS512 and PS256 to PS512 with WebCrypto. Elsewhere (the feature
/// `jwt-compact`) ES256 and EdDSA.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    /// What was given, or what is wrong with it.
    given: Result<(PrivateKey, Facts), Error>,
    /// The platform's, from the first use on.
    imported: Mutex<Option<<Here as Platform>::Signer>>,
}

/// What the core has to know of a key.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) algorithm: Algorithm,
    /// `kid`
    pub(super) id: Option<String>,
}

impl SigningKey {
    /// A private JWK (RFC 7517) of an EC, RSA or Ed25519 key. Its `alg` says what it signs; without it, what its kind says: RS256 for
    /// RSA. Its `kid` is that of what it signs.
    pub fn from_jwk(jwk: &str) -> Self {
        Self::made(read_jwk(jwk).map(|facts| (PrivateKey::Jwk(Secret::new(jwk)), facts)))
    }

    /// A key in PKCS #8 (RFC 5208), as DER.
    pub fn from_pkcs8(der: impl Into<Vec<u8>>, algorithm: Algorithm) -> Self {
        Self::made(of_pkcs8(der.into(), algorithm))
    }

    /// A key in PKCS #8, as PEM: what stands between `BEGIN PRIVATE KEY` and its end.
    pub fn from_pem(pem: &str, algorithm: Algorithm) -> Self {
        Self::made(from_pem(pem).and_then(|der| of_pkcs8(der, algorithm)))
    }

    /// A key that the platform has already.
    #[allow(dead_code, reason = "JavaScript has such")]
    pub(crate) fn of_platform(key: <Here as Platform>::Signer, algorithm: Result<Algorithm, Error>) -> Self {
        Self::made(algorithm.map(|algorithm| (PrivateKey::Imported, Facts { algorithm, id: None }))).with(key)
    }

    fn made(given: Result<(PrivateKey, Facts), Error>) -> Self {
        Self(Arc::new(Inner { given, imported: Mutex::new(None) }))
    }

    fn with(self, key: <Here as Platform>::Signer) -> Self {
        *self.imported() = Some(key);
        self
    }

    fn imported(&self) -> std::sync::MutexGuard<'_, Option<<Here as Platform>::Signer>> {
        self.0.imported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// `ERR_CONFIG` for what is no key that can sign.
    pub(super) fn facts(&self) -> Result<&Facts, Error> {
        self.0.given.as_ref().map(|(_, facts)| facts).map_err(Clone::clone)
    }

    /// The signature of a text, in base64url.
    ///
    /// # Errors
    /// `ERR_CONFIG` for a key that the platform refuses.
    pub(super) async fn sign(self, text: String) -> Result<String, Error> {
        let (given, facts) = self.0.given.as_ref().map_err(Clone::clone)?;
        let present = self.imported().clone();
        let key = match present {
            Some(key) => key,
            None => {
                let key = Here::import_private(given, facts.algorithm).await?;
                // Whoever was faster has the same.
                *self.imported() = Some(key.clone());
                key
            }
        };
        let signature = Here::sign(&key, facts.algorithm, text.as_bytes()).await?;
        let mut out = String::new();
        base64url::encode(&signature, &mut out);
        Ok(out)
    }
}

fn wrong(problem: &'static str) -> Error {
    Error::new(Code::Config, format!("`{PATH}` {problem}")).about(PATH)
}

fn read_jwk(text: &str) -> Result<Facts, Error> {
    let jwk = json::object_of(text).map_err(|_| wrong("is no JSON object"))?;
    // What is private is looked for, and read by nobody but the platform.
    let mut shown = Members::new();
    for (name, value) in jwk.iter() {
        shown = match (name, value) {
            ("d", Value::String(_)) => shown.boolean(name, true),
            ("p" | "q" | "dp" | "dq" | "qi" | "oth" | "k", _) => shown,
            _ => shown.value(name, value),
        };
    }
    let shown = shown.end();
    let public = json::object_of(&shown).map_err(|_| wrong("is no JWK"))?;
    let algorithm = signing_key::of_jwk(PATH, &public)?;
    Ok(Facts { algorithm, id: public.get("kid").and_then(Value::as_str).map(str::to_owned) })
}

fn of_pkcs8(der: Vec<u8>, algorithm: Algorithm) -> Result<(PrivateKey, Facts), Error> {
    if algorithm.is_symmetric() {
        return Err(wrong("signs with a public key's counterpart: HS256 and its like take a shared secret"));
    }
    Ok((PrivateKey::Pkcs8(Secret::new(der)), Facts { algorithm, id: None }))
}

fn from_pem(pem: &str) -> Result<Vec<u8>, Error> {
    const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
    const END: &str = "-----END PRIVATE KEY-----";
    let body = pem.split_once(BEGIN).and_then(|(_, rest)| rest.split_once(END));
    let Some((body, _)) = body else {
        return Err(match pem.contains("-----BEGIN ") {
            true => wrong("is a PEM of another kind: `openssl pkcs8 -topk8 -nocrypt` makes PKCS #8 of it"),
            false => wrong("is no PEM"),
        });
    };
    // The other alphabet, in lines. Where a secret was pasted, `\n` may stand for their ends.
    let body: String = body
        .replace("\\n", "")
        .chars()
        .filter(|c| !c.is_ascii_whitespace() && *c != '=')
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    base64url::decode(&body).filter(|der| !der.is_empty()).ok_or_else(|| wrong("is no PEM: its body is no base64"))
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithm = self.facts().map(|facts| facts.algorithm.signing_name());
        write!(f, "SigningKey({}, [redacted])", algorithm.unwrap_or("unusable"))
    }
}
