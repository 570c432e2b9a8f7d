//! What a token says of its key, and what that means in a set.

use super::KeyId;
use crate::jose::alg::Algorithm;

/// So many keys without a name are tried for a token that names none. Each is a signature check.
pub const MAX_CANDIDATES: usize = 4;

/// What is known of the key that a token means.
#[derive(Clone, Copy, Debug)]
pub struct Hint<'a> {
    /// The header's `kid`.
    pub kid: Option<&'a str>,
    /// The header's `alg`.
    pub algorithm: Algorithm,
    /// The token's issuer; `None` where there is none.
    pub issuer: Option<&'a str>,
    /// Whether that issuer is the only one of its provider: whom its keys are for needs no asking then, unless they say otherwise.
    pub is_own: bool,
    /// How many keys have been tried.
    pub tried: usize,
}

impl<'a> Hint<'a> {
    /// Of a token of which nothing has been tried.
    pub const fn new(kid: Option<&'a str>, algorithm: Algorithm) -> Self {
        Self { kid, algorithm, issuer: None, is_own: false, tried: 0 }
    }
}

/// What a token's `kid` and algorithm mean in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// This key and no other; or no other that hasn't been tried.
    Key(KeyId),
    /// This key, or one of others that have no name either: at most [`MAX_CANDIDATES`] in all.
    OneOf(KeyId),
    /// No key.
    None,
    /// More than one, and nothing says which. Trying one after the other would let whoever can add a key choose.
    Ambiguous,
}
