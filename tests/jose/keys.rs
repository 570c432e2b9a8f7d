//! Which keys are the same one, and what is said where none of them has signed.

use arcgate::sans_io::{
    jose::{jwk::Jwk, verify::Step},
    json,
    secret::Secret,
    time::Time,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};

use super::{claims, of, token, NOW};

fn key(text: &str) -> Jwk {
    Jwk::from_value(&json::parse(text.as_bytes()).unwrap()).unwrap()
}

/// With a modulus that ends so: of these none has a small factor.
fn rsa(last: u8, exponent: &str, kid: &str) -> Jwk {
    let mut modulus = [0; 256];
    (modulus[0], modulus[255]) = (0xc1, last);
    let modulus = URL_SAFE_NO_PAD.encode(modulus);
    key(&format!(r#"{{"kty":"RSA","kid":"{kid}","n":"{modulus}","e":"{exponent}"}}"#))
}

fn ec(x: u8, y: u8) -> Jwk {
    let number = |fill: u8| URL_SAFE_NO_PAD.encode([fill; 32]);
    key(&format!(r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#, number(x), number(y)))
}

fn ed(fill: u8) -> Jwk {
    key(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, URL_SAFE_NO_PAD.encode([fill; 32])))
}

#[test]
fn keys_are_the_same_when_each_of_their_numbers_is() {
    let shared = |fill: u8| Jwk::from_secret(Secret::new(vec![fill; 32])).unwrap();
    let all = [
        rsa(1, "AQAB", "a"),
        rsa(1, "AQAD", "a"),
        rsa(9, "AQAB", "a"),
        ec(1, 1),
        ec(1, 2),
        ec(2, 1),
        ed(1),
        ed(2),
        shared(1),
        shared(2),
    ];
    for (at, one) in all.iter().enumerate() {
        for (place, other) in all.iter().enumerate() {
            assert_eq!(one.same_material(other), at == place, "{at} and {place}");
        }
    }
    assert!(rsa(1, "AQAB", "a").same_material(&rsa(1, "AQAB", "b")), "whatever they are called");
}

#[test]
fn a_token_without_a_kid_that_none_of_the_nameless_keys_has_signed_has_a_wrong_signature() {
    let number = |fill: u8| URL_SAFE_NO_PAD.encode([fill; 32]);
    let key = |fill: u8| format!(r#"{{"kty":"EC","crv":"P-256","x":"{0}","y":"{0}"}}"#, number(fill));
    let mut verifier = of(&format!(r#","jwks":{{"keys":[{},{}]}}"#, key(1), key(2)), None).unwrap();
    let token = token(r#"{"alg":"ES256"}"#, &claims(""));
    let token = format!("{}.{}", token.rsplit_once('.').unwrap().0, URL_SAFE_NO_PAD.encode([1; 64]));
    let now = Time::from_millis(NOW);
    let mut steps = Vec::new();
    let mut tried = 0;
    let error = loop {
        match verifier.begin_with(tried, token.as_bytes(), now, now) {
            Step::Import { key, algorithm, .. } => verifier.handle_imported(key, algorithm, true),
            Step::Check(check) => {
                steps.push(check.key);
                verifier.abandon(check.id);
                tried += 1;
            }
            Step::Refused(error) => break error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((steps.len(), tried), (2, 2), "each is tried once");
    assert_ne!(steps[0], steps[1]);
    assert_eq!(error.code().as_str(), "ERR_TOKEN_SIGNATURE");
    assert!(error.message().contains("none of the provider \"one\"'s keys"), "{}", error.message());
}
