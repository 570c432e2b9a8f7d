//! A set of keys (RFC 7517 §5), and which of them a token means.

mod given;
mod hint;
#[cfg(test)]
mod tests;

use std::fmt;

pub use hint::{Hint, Selection, MAX_CANDIDATES};

use self::given::check_given;
use super::{
    alg::{Algorithm, AlgorithmSet},
    jwk::{Jwk, KeyProblem},
};
use crate::{
    error::{Code, Error},
    json::{self, Value},
    secret::Secret,
};

/// A published set may be this many bytes long.
pub const MAX_BYTES: usize = 256 * 1024;
/// So many usable keys of a set are kept.
pub const MAX_KEYS: usize = 64;
/// Names a key for as long as the program runs; JavaScript keeps its CryptoKeys under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub u32);

/// Gives out each [`KeyId`] once.
#[derive(Debug, Default)]
pub struct KeyIds(u32);

impl KeyIds {
    /// One that was not given out before.
    pub const fn next(&mut self) -> KeyId {
        self.0 = self.0.wrapping_add(1);
        KeyId(self.0)
    }
}

/// A set of keys that are fit to verify with.
#[derive(Debug, Default)]
pub struct Jwks {
    entries: Vec<Entry>,
    dropped: Vec<Dropped>,
}

#[derive(Debug)]
struct Entry {
    id: KeyId,
    jwk: Jwk,
    /// WebCrypto refused the key for these.
    refused: AlgorithmSet,
    /// The user named this key for all that comes: a token's `kid` can't choose another one.
    any_kid: bool,
}

/// A key of a set that is not used; for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Its place in the set, from 0.
    pub index: usize,
    /// Why.
    pub problem: KeyProblem,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "keys[{}]: {}", self.index, self.problem)
    }
}

impl Jwks {
    /// A set that a provider publishes: at most [`MAX_BYTES`], and JSON as [`json::provided`] takes it.
    ///
    /// A key that can't be used is left out and doesn't fail the rest. Of more than [`MAX_KEYS`] usable ones the first are
    /// kept: a provider with too many keys loses some of its tokens, which shows in the logs, and not all of them.
    ///
    /// # Errors
    /// `ERR_JWKS_UNAVAILABLE` when it is no set, or has no usable key.
    pub fn parse(text: &[u8], ids: &mut KeyIds) -> Result<Self, Error> {
        if text.len() > MAX_BYTES {
            return Err(unusable(format!("the key set is longer than {MAX_BYTES} bytes")));
        }
        let value = json::provided(text).map_err(|problem| unusable(format!("the key set {problem}")))?;
        Self::from_value(&value, ids)
    }

    /// As [`Self::parse`], from JSON that has been read already.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_value(value: &Value<'_>, ids: &mut KeyIds) -> Result<Self, Error> {
        let set = value.as_object().filter(|set| !set.is_ambiguous("keys"));
        let keys = set.and_then(|set| set.get("keys")).and_then(Value::as_array);
        let keys = keys.ok_or_else(|| unusable("the key set is no object with one list `keys`".into()))?;
        Self::read(keys, Jwk::from_value, ids)
    }

    /// Keys that the user hands over for one call: a JWK, shared secrets included, or a set of them. A key that stands alone
    /// is used whatever `kid` says.
    ///
    /// # Errors
    /// `ERR_CONFIG` when no key can be used.
    pub fn from_given(value: &Value<'_>, ids: &mut KeyIds) -> Result<Self, Error> {
        match value.as_object().and_then(|set| set.get("keys")) {
            Some(Value::Array(keys)) => {
                check_given(keys)?;
                Self::read(keys, Jwk::from_given_value, ids)
                    .map_err(|error| Error::new(Code::Config, error.message().to_owned()).about("keys"))
            }
            Some(_) => Err(Error::new(Code::Config, "`keys` must be a list of JWKs").about("keys")),
            None => match Jwk::from_given_value(value) {
                Ok(jwk) => Ok(Self::alone(jwk, ids)),
                Err(problem) => {
                    Err(Error::new(Code::Config, format!("the key can't be used: {problem}")).about("keys"))
                }
            },
        }
    }

    /// A shared secret alone, whatever `kid` says. Empty if the secret is shorter than 32 bytes.
    pub fn from_secret(secret: Secret, ids: &mut KeyIds) -> Self {
        Jwk::from_secret(secret).map_or_else(|_| Self::default(), |jwk| Self::alone(jwk, ids))
    }

    fn alone(jwk: Jwk, ids: &mut KeyIds) -> Self {
        let entry = Entry { id: ids.next(), jwk, refused: AlgorithmSet::default(), any_kid: true };
        Self { entries: vec![entry], dropped: Vec::new() }
    }

    fn read(
        keys: &[Value<'_>],
        read_key: fn(&Value<'_>) -> Result<Jwk, KeyProblem>,
        ids: &mut KeyIds,
    ) -> Result<Self, Error> {
        let mut set = Self::default();
        for (index, key) in keys.iter().enumerate() {
            let jwk = if set.entries.len() < MAX_KEYS { read_key(key) } else { Err(KeyProblem::TooMany) };
            match jwk {
                // The same key twice is one key.
                Ok(jwk) if set.entries.iter().any(|entry| entry.jwk.same(&jwk)) => {}
                Ok(jwk) => {
                    set.entries.push(Entry { id: ids.next(), jwk, refused: AlgorithmSet::default(), any_kid: false })
                }
                Err(problem) if set.dropped.len() < MAX_KEYS => set.dropped.push(Dropped { index, problem }),
                Err(_) => {}
            }
        }
        if !set.entries.is_empty() {
            return Ok(set);
        }
        Err(unusable(
            set.dropped.first().map_or_else(
                || "the key set is empty".into(),
                |first| format!("the key set has no usable key; {first}"),
            ),
        ))
    }

    /// Which key a token means, by its `kid` and algorithm alone.
    pub fn select(&self, kid: Option<&str>, algorithm: Algorithm) -> Selection {
        self.find(&Hint::new(kid, algorithm))
    }

    /// Which key a token means.
    ///
    /// With a `kid`: the key of exactly that name, or none. A key without a name is no answer to a token that asks for one:
    /// the provider may have removed the named one. Without a `kid`: the one key that fits the algorithm; or, where no key that
    /// fits has a name either, each of them, one after the other.
    pub fn find(&self, hint: &Hint<'_>) -> Selection {
        let is_meant = |entry: &&Entry| entry.fits(hint) && entry.may_sign(hint);
        let mut meant = self.entries.iter().filter(is_meant);
        match meant.next() {
            None => Selection::None,
            Some(first) if meant.clone().all(|other| other.jwk.same_material(&first.jwk)) => match hint.tried {
                0 => Selection::Key(first.id),
                _ => Selection::None,
            },
            Some(_) if hint.kid.is_some() => Selection::Ambiguous,
            Some(first) => nameless(first, meant, hint.tried),
        }
    }

    /// The issuer for which alone the key is kept that the hint would mean else.
    pub fn kept_for(&self, hint: &Hint<'_>) -> Option<&str> {
        self.entries.iter().find(|entry| entry.fits(hint) && !entry.may_sign(hint))?.jwk.issuer()
    }

    /// The key of this id.
    pub fn key(&self, id: KeyId) -> Option<&Jwk> {
        self.entries.iter().find(|entry| entry.id == id).map(|entry| &entry.jwk)
    }

    /// The usable keys.
    pub fn iter(&self) -> impl Iterator<Item = (KeyId, &Jwk)> {
        self.entries.iter().map(|entry| (entry.id, &entry.jwk))
    }

    /// The keys that are not used, at most [`MAX_KEYS`] of them.
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// Never uses this key for this algorithm again.
    pub(in crate::sans_io::jose) fn refuse(&mut self, id: KeyId, algorithm: Algorithm) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
            entry.refused.insert(algorithm);
        }
    }

    /// Takes over the ids (and WebCrypto's refusals) of keys that `old` had already.
    pub(in crate::sans_io::jose) fn inherit(&mut self, old: &Self) {
        for entry in &mut self.entries {
            if let Some(known) = old.entries.iter().find(|known| known.jwk.same(&entry.jwk)) {
                entry.id = known.id;
                entry.refused = known.refused;
            }
        }
    }

    /// Whether a key of this name is there, made of something else than `jwk`.
    pub(in crate::sans_io::jose) fn renames(&self, jwk: &Jwk) -> bool {
        self.entries.iter().any(|entry| entry.jwk.kid() == jwk.kid() && !entry.jwk.same_material(jwk))
    }
}

impl Entry {
    const fn allows(&self, algorithm: Algorithm) -> bool {
        self.jwk.algorithms().contains(algorithm) && !self.refused.contains(algorithm)
    }

    /// Whether the hint means it by name and algorithm.
    fn fits(&self, hint: &Hint<'_>) -> bool {
        self.allows(hint.algorithm) && (self.any_kid || hint.kid.is_none_or(|kid| self.jwk.kid() == Some(kid)))
    }

    /// Whether it may sign for the hint's issuer.
    fn may_sign(&self, hint: &Hint<'_>) -> bool {
        hint.issuer.is_none_or(|issuer| self.jwk.may_sign(issuer, hint.is_own))
    }
}

/// The key to try next of several that could be meant, if none of them has a name.
fn nameless<'e>(first: &'e Entry, others: impl Iterator<Item = &'e Entry>, tried: usize) -> Selection {
    let mut known = [first; MAX_CANDIDATES];
    let mut count = 1;
    if first.jwk.kid().is_some() {
        return Selection::Ambiguous;
    }
    for other in others {
        if other.jwk.kid().is_some() {
            return Selection::Ambiguous;
        }
        if known.iter().take(count).any(|entry| entry.jwk.same_material(&other.jwk)) {
            continue;
        }
        let Some(place) = known.get_mut(count) else { return Selection::Ambiguous };
        *place = other;
        count += 1;
    }
    match known.get(..count).and_then(|known| known.get(tried)) {
        Some(entry) if tried + 1 < count => Selection::OneOf(entry.id),
        Some(entry) => Selection::Key(entry.id),
        None => Selection::None,
    }
}

fn unusable(message: String) -> Error {
    Error::new(Code::JwksUnavailable, message)
}
