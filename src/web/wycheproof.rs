//! The vectors of Wycheproof through this platform's WebCrypto, one test a set, in whatever runs it: browsers, Node.

#[path = "../platform/vectors/mod.rs"]
mod vectors;

use wasm_bindgen_test::{console_log, wasm_bindgen_test};
use wycheproof::rsa_pss_verify::TestName as Pss;

use self::vectors::{Signatures, Tally};
use super::Web;
use crate::{
    jose::{alg::Algorithm, jwk::Jwk},
    platform::Platform,
};

/// Where the vectors find the core's types.
mod vocabulary {
    pub(crate) use crate::{
        jose::{
            alg::Algorithm,
            jwk::{Jwk, KeyProblem},
        },
        json,
        secret::Secret,
    };
}

impl Signatures for Web {
    type Key = <Self as Platform>::Key;

    async fn import(&self, algorithm: Algorithm, key: &Jwk) -> Option<Self::Key> {
        <Self as Platform>::import(key, algorithm).await.unwrap()
    }

    async fn check(&self, algorithm: Algorithm, key: &Self::Key, signature: &[u8], data: &[u8]) -> bool {
        <Self as Platform>::check(key, algorithm, signature, data).await.unwrap()
    }
}

/// Tests of sets: their name, what tries them, how many vectors they have, and how many are refused though they are valid.
macro_rules! sets {
    ($($name:ident($($argument:expr),*) = $by:ident: $tried:literal, $strict:literal;)+) => {
        $(#[wasm_bindgen_test]
        async fn $name() {
            let mut tally = Tally::default();
            vectors::$by(&Web, $($argument,)* &mut tally).await;
            console_log!("{}", tally.end(stringify!($name), $tried, $strict));
        })+
    };
}

sets! {
    ecdsa_p256_sha256(Algorithm::ES256) = ecdsa: 262, 0;
    ecdsa_p384_sha384(Algorithm::ES384) = ecdsa: 280, 0;
    ecdsa_p521_sha512(Algorithm::ES512) = ecdsa: 318, 0;
    ed25519() = eddsa: 151, 0;
    rsa_pkcs1_2048_sha256(Algorithm::RS256, 2048) = rsa_pkcs1: 259, 1;
    rsa_pkcs1_2048_sha384(Algorithm::RS384, 2048) = rsa_pkcs1: 258, 1;
    rsa_pkcs1_2048_sha512(Algorithm::RS512, 2048) = rsa_pkcs1: 259, 1;
    rsa_pkcs1_3072_sha256(Algorithm::RS256, 3072) = rsa_pkcs1: 259, 1;
    rsa_pkcs1_3072_sha384(Algorithm::RS384, 3072) = rsa_pkcs1: 259, 1;
    rsa_pkcs1_3072_sha512(Algorithm::RS512, 3072) = rsa_pkcs1: 260, 1;
    rsa_pkcs1_4096_sha256(Algorithm::RS256, 4096) = rsa_pkcs1: 258, 1;
    rsa_pkcs1_4096_sha384(Algorithm::RS384, 4096) = rsa_pkcs1: 259, 1;
    rsa_pkcs1_4096_sha512(Algorithm::RS512, 4096) = rsa_pkcs1: 259, 1;
    rsa_pkcs1_8192_sha256(Algorithm::RS256, 8192) = rsa_pkcs1: 258, 1;
    rsa_pkcs1_8192_sha384(Algorithm::RS384, 8192) = rsa_pkcs1: 259, 1;
    rsa_pkcs1_8192_sha512(Algorithm::RS512, 8192) = rsa_pkcs1: 259, 1;
    rsa_pss_2048_sha256(Pss::RsaPss2048Sha256Mgf1SaltLen32) = rsa_pss: 108, 0;
    rsa_pss_3072_sha256(Pss::RsaPss3072Sha256Mgf1SaltLen32) = rsa_pss: 108, 0;
    rsa_pss_4096_sha256(Pss::RsaPss4096Sha256Mgf1SaltLen32) = rsa_pss: 108, 0;
    rsa_pss_2048_sha384(Pss::RsaPss2048Sha384Mgf1SaltLen48) = rsa_pss: 141, 0;
    rsa_pss_4096_sha384(Pss::RsaPss4096Sha384Mgf1SaltLen48) = rsa_pss: 141, 0;
    rsa_pss_4096_sha512(Pss::RsaPss4096Sha512Mgf1SaltLen64) = rsa_pss: 179, 0;
    rsa_pss_without_salt(Pss::RsaPss2048Sha256Mgf1SaltLen0) = rsa_pss: 103, 61;
    rsa_pss_with_another_mask(Pss::RsaPss2048Sha256Mgf1Sha1_20) = rsa_pss: 108, 63;
    rsa_pss_sha1(Pss::RsaPss2048Sha1Mgf1SaltLen20) = rsa_pss: 88, 42;
    rsa_pss_with_a_short_salt(Pss::RsaPss4096Sha512Mgf1SaltLen32) = rsa_pss: 177, 132;
    rsa_pss_of_many_kinds(Pss::RsaPssmisc) = rsa_pss: 150, 147;
    hmac_sha256(Algorithm::HS256) = hmac: 174, 36;
    hmac_sha384(Algorithm::HS384) = hmac: 174, 36;
    hmac_sha512(Algorithm::HS512) = hmac: 174, 36;
}
