//! JOSE (RFC 7515 to 7519): from the bytes of a token to verified claims.
//!
//! Read downwards: [`jws`] takes a token apart, [`provider`] says under which conditions it is accepted, [`jwks_cache`] gives the
//! key, [`claims`] says what the token must hold, and [`verify`] is the machine that brings them together.

pub mod alg;
pub mod base64url;
pub mod issuer;
pub mod url;

pub mod ed25519;
pub mod rsa;

pub mod jwk;

pub mod jwks;

pub mod discovery;

pub mod jwks_cache;

pub mod jws;

pub mod key_source;

pub mod provider;

pub mod claims;

pub mod verify;

pub mod jws_verify;
pub mod options;
pub mod signing_key;
