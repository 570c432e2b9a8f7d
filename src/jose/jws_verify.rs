//! A JWS by itself (RFC 7515): the caller hands over the keys, and no claims are looked at.

use super::{
    alg::{Algorithm, AlgorithmSet},
    jwk::Jwk,
    jwks::{Hint, Jwks, KeyIds, Selection},
    jws::{Scratch, UntrustedJws},
};
use crate::{
    error::{shown, Code, Error},
    json,
};

/// A JWS and those of the caller's keys that fit it: one, or a few without names.
#[derive(Debug)]
pub struct JwsVerification {
    algorithm: Algorithm,
    keys: Vec<Jwk>,
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    signing_input_len: usize,
}

impl JwsVerification {
    /// Reads a compact JWS and chooses the key: from `keys`, a JWK or a JWKS as JSON, for one of `algorithms`, a JSON list.
    ///
    /// # Errors
    /// `ERR_CONFIG` for unusable keys or algorithms, `ERR_TOKEN_MALFORMED`, `ERR_TOKEN_ALGORITHM`, `ERR_KEY_NOT_FOUND`,
    /// `ERR_TOKEN_SIGNATURE` for a signature of the wrong length.
    pub fn new(jws: &[u8], keys: &[u8], algorithms: &[u8]) -> Result<Self, Error> {
        let algorithms = parse_algorithms(algorithms)?;
        let keys = json::parse(keys)
            .map_err(|problem| Error::new(Code::Config, format!("the key {problem}")).about("keys"))?;
        let keys = Jwks::from_given(&keys, &mut KeyIds::default())?;
        let mut scratch = Scratch::default();
        let jws = UntrustedJws::parse(jws, &mut scratch)?;
        let algorithm = jws.header().algorithm();
        if !algorithms.contains(algorithm) {
            return Err(Error::new(Code::TokenAlgorithm, format!("{algorithm} is not among `algorithms`")).about("alg"));
        }
        let fitting = fitting(&keys, jws.header().kid(), algorithm)?;
        let length = jws.signature().len();
        let fitting: Vec<Jwk> = fitting.into_iter().filter(|key| key.signature_len(algorithm) == length).collect();
        if fitting.is_empty() {
            return Err(Error::new(
                Code::TokenSignature,
                format!("the signature is not as long as {algorithm}'s is with this key"),
            ));
        }
        Ok(Self {
            algorithm,
            keys: fitting,
            header: jws.header().text().to_vec(),
            payload: jws.payload().to_vec(),
            signature: jws.signature().to_vec(),
            signing_input_len: jws.signing_input_len(),
        })
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The keys that fit, to be tried in this order: more than one only where neither they nor the JWS have a `kid`.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// How many bytes from the start are signed.
    pub const fn signing_input_len(&self) -> usize {
        self.signing_input_len
    }

    /// The header's JSON; unverified until the signature was approved.
    pub fn header_text(&self) -> &[u8] {
        &self.header
    }

    /// The payload; unverified until the signature was approved.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// The keys that a JWS can mean.
fn fitting(keys: &Jwks, kid: Option<&str>, algorithm: Algorithm) -> Result<Vec<Jwk>, Error> {
    let missing = |message| Err(Error::new(Code::KeyNotFound, message).about("kid"));
    let mut fitting = Vec::new();
    loop {
        let hint = Hint { tried: fitting.len(), ..Hint::new(kid, algorithm) };
        match keys.find(&hint) {
            Selection::OneOf(id) => fitting.extend(keys.key(id).cloned()),
            Selection::Key(id) => {
                fitting.extend(keys.key(id).cloned());
                return Ok(fitting);
            }
            Selection::None => return missing(format!("none of the keys fits {algorithm} and the header's `kid`")),
            Selection::Ambiguous => {
                return missing("more than one of the keys could be meant: give them a `kid`".to_owned())
            }
        }
        if fitting.len() <= hint.tried {
            return missing("the key is gone".to_owned());
        }
    }
}

fn parse_algorithms(text: &[u8]) -> Result<AlgorithmSet, Error> {
    let wrong = |message: String| Error::new(Code::Config, message).about("algorithms");
    let list = json::parse(text).map_err(|_| wrong("`algorithms` must be a list of names".to_owned()))?;
    let names = list.as_array().filter(|names| !names.is_empty());
    names
        .ok_or_else(|| wrong("`algorithms` must list the algorithms that are accepted".to_owned()))?
        .iter()
        .map(|name| {
            let name = name.as_str().unwrap_or_default();
            Algorithm::from_name(name)
                .ok_or_else(|| wrong(format!("`algorithms` names \"{}\", which is not supported", shown(name))))
        })
        .collect()
}
