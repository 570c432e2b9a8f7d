//! What is said of configurations and of tokens that are refused, and where exactly a bound lies: by the verifier as its options
//! make it, with tokens that are refused before a signature is looked at.
#![cfg(not(target_arch = "wasm32"))]

mod bounds;
mod claims;
mod documents;
mod jws_verify;
mod keys;
mod options;
mod outcomes;
mod remote;
mod tokens;

use arcgate::sans_io::{
    error::Error,
    jose::{
        options::verifier,
        verify::{Step, Verifier},
    },
    json,
    secret::Secret,
    time::Time,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};

const NOW: f64 = 1_800_000_000_000.0;
const ISSUER: &str = "https://one.example";
/// As long as HS256 needs it, and not a byte longer.
const SECRET: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

/// A verifier of one provider with these members, and with this secret.
fn of(members: &str, secret: Option<&[u8]>) -> Result<Verifier, Error> {
    let options = format!(r#"{{"providers":{{"one":{{"issuer":"{ISSUER}","audience":"api"{members}}}}}}}"#);
    made(&options, secret)
}

fn made(options: &str, secret: Option<&[u8]>) -> Result<Verifier, Error> {
    let options = json::parse_object(options.as_bytes()).unwrap();
    verifier(&options, |_| secret.map(|bytes| Secret::new(bytes.to_vec())))
}

/// What is wrong with a configuration: what it is about, and the words.
fn wrong(made: Result<Verifier, Error>) -> String {
    let error = made.expect_err("it is refused");
    assert_eq!(error.code().as_str(), "ERR_CONFIG");
    error.message().to_owned()
}

/// A token of these parts, which nobody has signed.
fn token(header: &str, payload: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", part(header), part(payload), URL_SAFE_NO_PAD.encode([0; 32]))
}

/// Good claims, with these members more.
fn claims(more: &str) -> String {
    format!(r#"{{"iss":"{ISSUER}","aud":"api","sub":"alice","iat":1800000000,"exp":1800000600{more}}}"#)
}

/// What a token is refused with before its signature is looked at: none if that is what comes next.
fn refusal(verifier: &mut Verifier, token: &str) -> Option<Error> {
    let now = Time::from_millis(NOW);
    match verifier.begin(token.as_bytes(), now, now) {
        Step::Refused(error) => Some(error),
        Step::Check(_) | Step::Import { .. } => None,
        other => panic!("{other:?}"),
    }
}

/// Whether a token was seen before.
fn is_remembered(verifier: &mut Verifier, token: &str) -> bool {
    let now = Time::from_millis(NOW);
    matches!(verifier.begin(token.as_bytes(), now, now), Step::Verified(_))
}
