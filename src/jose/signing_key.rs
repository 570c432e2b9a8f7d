//! Keys that sign: what a CryptoKey, or a private JWK, signs JWTs with. The key itself stays with the platform.

use super::alg::Algorithm;
use crate::{
    error::{Code, Error},
    json::{Object, Value},
};

/// 2048 bits in base64url: the least that RFC 7518 §3.3 wants of a modulus.
const MIN_MODULUS_TEXT: usize = 342;
const MIN_MODULUS_BITS: u32 = 2048;

const OTHER_KIND: &str = "is of a kind that JWTs are not signed with";

/// What a CryptoKey says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct CryptoKeyInfo<'a> {
    /// Its type is `private`.
    pub is_private: bool,
    /// `sign` is among its usages.
    pub may_sign: bool,
    /// The name of its algorithm.
    pub name: &'a str,
    /// The name of the algorithm's hash.
    pub hash: Option<&'a str>,
    /// The curve's name.
    pub curve: Option<&'a str>,
    /// The length of a secret, or of a modulus, in bits.
    pub bits: Option<u32>,
}

impl CryptoKeyInfo<'_> {
    fn algorithm(&self) -> Option<Algorithm> {
        Some(match (self.name, self.hash, self.curve) {
            ("HMAC", Some("SHA-256"), _) => Algorithm::HS256,
            ("HMAC", Some("SHA-384"), _) => Algorithm::HS384,
            ("HMAC", Some("SHA-512"), _) => Algorithm::HS512,
            ("RSASSA-PKCS1-v1_5", Some("SHA-256"), _) => Algorithm::RS256,
            ("RSASSA-PKCS1-v1_5", Some("SHA-384"), _) => Algorithm::RS384,
            ("RSASSA-PKCS1-v1_5", Some("SHA-512"), _) => Algorithm::RS512,
            ("RSA-PSS", Some("SHA-256"), _) => Algorithm::PS256,
            ("RSA-PSS", Some("SHA-384"), _) => Algorithm::PS384,
            ("RSA-PSS", Some("SHA-512"), _) => Algorithm::PS512,
            ("ECDSA", _, Some("P-256")) => Algorithm::ES256,
            ("ECDSA", _, Some("P-384")) => Algorithm::ES384,
            ("ECDSA", _, Some("P-521")) => Algorithm::ES512,
            ("Ed25519", ..) => Algorithm::Ed25519,
            _ => return None,
        })
    }

    fn is_private_and_may_sign(&self) -> bool {
        self.is_private && self.may_sign
    }

    fn is_shorter_than(&self, bits: u32) -> bool {
        self.bits.is_some_and(|own| own < bits)
    }
}

/// What a client's key signs with (RFC 7523 §2.2). `wanted` is the algorithm that the options name.
///
/// # Errors
/// `ERR_CONFIG`.
pub fn of_client(key: &CryptoKeyInfo<'_>, wanted: Option<&str>) -> Result<Algorithm, Error> {
    let wrong = |problem| wrong("source.privateKey", problem);
    if !key.is_private_and_may_sign() {
        return Err(wrong("must be a CryptoKey that is private and may sign"));
    }
    let algorithm = key.algorithm().filter(|found| !found.is_symmetric()).ok_or_else(|| wrong(OTHER_KIND))?;
    match wanted {
        Some(wanted) if Algorithm::from_name(wanted) != Some(algorithm) => {
            let name = algorithm.signing_name();
            Err(about("source.algorithm", format!("does not fit the key, which signs {name}")))
        }
        _ => Ok(algorithm),
    }
}

/// What the gate's own key signs with. `path` is where it stands in the options.
///
/// # Errors
/// `ERR_CONFIG`.
pub fn of_crypto_key(path: &str, key: &CryptoKeyInfo<'_>) -> Result<Algorithm, Error> {
    let wrong = |problem| wrong(path, problem);
    let algorithm = key.algorithm();
    if key.name == "HMAC" {
        let algorithm = algorithm.ok_or_else(|| wrong(OTHER_KIND))?;
        let least = algorithm.signature_len().unwrap_or_default() as u32 * 8;
        return match (key.may_sign, key.is_shorter_than(least)) {
            (false, _) => Err(wrong("may not sign")),
            (true, true) => Err(wrong("is shorter than its hash")),
            (true, false) => Ok(algorithm),
        };
    }
    algorithm.filter(|_| key.is_private_and_may_sign() && !key.is_shorter_than(MIN_MODULUS_BITS)).ok_or_else(|| {
        wrong("must be a CryptoKey that is private, may sign, and is of a kind and length that JWTs are signed with")
    })
}

/// What a private JWK (RFC 7517) signs with. Of its private members only `d` is looked for, and any value but a text says that
/// it is not there: whoever has the key writes `true` in its place.
///
/// # Errors
/// `ERR_CONFIG`.
pub fn of_jwk(path: &str, jwk: &Object<'_>) -> Result<Algorithm, Error> {
    let wrong = |problem| wrong(path, problem);
    let text = |name| jwk.get(name).and_then(Value::as_str);
    let is_absent_or = |name, is_good: fn(&Value<'_>) -> bool| jwk.get(name).is_none_or(is_good);
    if text("kty") == Some("oct") {
        return Err(wrong("is a shared secret: give its bytes as a Uint8Array"));
    }
    if jwk.get("d").and_then(Value::as_bool) != Some(true) {
        return Err(wrong("is a public JWK: signing takes the private one"));
    }
    if !is_absent_or("use", |value| value.as_str() == Some("sig")) {
        return Err(wrong("is a JWK for something else: its `use` is not sig"));
    }
    let has_sign =
        |value: &Value<'_>| value.as_array().is_some_and(|ops| ops.iter().any(|op| op.as_str() == Some("sign")));
    if !jwk.get("key_ops").is_none_or(has_sign) {
        return Err(wrong("is a JWK whose `key_ops` lack sign"));
    }
    if !is_absent_or("kid", |value| value.as_str().is_some()) {
        return Err(wrong("is a JWK whose `kid` is no string"));
    }
    let possible: &[Algorithm] = match (text("kty"), text("crv")) {
        (Some("EC"), Some("P-256")) => &[Algorithm::ES256],
        (Some("EC"), Some("P-384")) => &[Algorithm::ES384],
        (Some("EC"), Some("P-521")) => &[Algorithm::ES512],
        (Some("OKP"), Some("Ed25519")) => &[Algorithm::Ed25519],
        (Some("RSA"), _) if text("n").is_some_and(|n| n.len() >= MIN_MODULUS_TEXT) => &Algorithm::RSA,
        _ => return Err(wrong("is a JWK of a kind that JWTs are not signed with here")),
    };
    let named = match jwk.get("alg") {
        None => possible.first().copied(),
        Some(alg) => alg.as_str().and_then(Algorithm::from_name).filter(|named| possible.contains(named)),
    };
    named.ok_or_else(|| wrong("is a JWK whose `alg` does not fit it"))
}

fn wrong(path: &str, problem: &str) -> Error {
    about(path, problem.to_owned())
}

fn about(path: &str, problem: String) -> Error {
    Error::new(Code::Config, format!("`{path}` {problem}")).about(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn key(name: &'static str, hash: &'static str, curve: &'static str) -> CryptoKeyInfo<'static> {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        CryptoKeyInfo { is_private: true, may_sign: true, name, hash: some(hash), curve: some(curve), bits: None }
    }

    fn refused(result: Result<Algorithm, Error>) -> String {
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::Config);
        assert!(error.message().starts_with(&format!("`{}` ", error.subject().unwrap())), "{error}");
        error.message().to_owned()
    }

    #[test]
    fn each_kind_of_crypto_key_signs_one_algorithm() {
        for (name, hash, curve, algorithm) in [
            ("RSASSA-PKCS1-v1_5", "SHA-256", "", "RS256"),
            ("RSASSA-PKCS1-v1_5", "SHA-384", "", "RS384"),
            ("RSASSA-PKCS1-v1_5", "SHA-512", "", "RS512"),
            ("RSA-PSS", "SHA-256", "", "PS256"),
            ("RSA-PSS", "SHA-384", "", "PS384"),
            ("RSA-PSS", "SHA-512", "", "PS512"),
            ("ECDSA", "", "P-256", "ES256"),
            ("ECDSA", "", "P-384", "ES384"),
            ("ECDSA", "", "P-521", "ES512"),
            ("Ed25519", "", "", "EdDSA"),
        ] {
            let key = key(name, hash, curve);
            assert_eq!(of_client(&key, None).unwrap().signing_name(), algorithm);
            assert_eq!(of_client(&key, Some(algorithm)).unwrap().signing_name(), algorithm);
            assert_eq!(of_crypto_key("k", &key).unwrap().signing_name(), algorithm);
        }
        assert!(of_client(&key("Ed25519", "", ""), Some("Ed25519")).is_ok());
        for (hash, algorithm) in [("SHA-256", "HS256"), ("SHA-384", "HS384"), ("SHA-512", "HS512")] {
            assert_eq!(of_crypto_key("k", &key("HMAC", hash, "")).unwrap().name(), algorithm);
        }
    }

    #[test]
    fn a_crypto_key_that_cannot_sign_jwts_is_an_error_that_says_why() {
        let es256 = key("ECDSA", "", "P-256");
        for unfit in [CryptoKeyInfo { is_private: false, ..es256 }, CryptoKeyInfo { may_sign: false, ..es256 }] {
            assert!(refused(of_client(&unfit, None)).contains("private and may sign"));
            assert!(refused(of_crypto_key("k", &unfit)).contains("that is private, may sign"));
        }
        for other in [
            key("ECDSA", "", "P-192"),
            key("RSASSA-PKCS1-v1_5", "SHA-1", ""),
            key("RSA-OAEP", "SHA-256", ""),
            key("HMAC", "SHA-256", ""),
        ] {
            assert!(refused(of_client(&other, None)).contains(OTHER_KIND), "{other:?}");
        }
        assert_eq!(
            refused(of_client(&es256, Some("ES384"))),
            "`source.algorithm` does not fit the key, which signs ES256"
        );
        assert!(refused(of_client(&key("Ed25519", "", ""), Some("x"))).ends_with("signs EdDSA"));
        let rsa = key("RSA-PSS", "SHA-256", "");
        assert!(of_crypto_key("k", &CryptoKeyInfo { bits: Some(2048), ..rsa }).is_ok());
        assert!(refused(of_crypto_key("k", &CryptoKeyInfo { bits: Some(2047), ..rsa })).contains("length"));
        let hmac = key("HMAC", "SHA-384", "");
        assert!(of_crypto_key("k", &CryptoKeyInfo { bits: Some(384), is_private: false, ..hmac }).is_ok());
        assert!(refused(of_crypto_key("k", &CryptoKeyInfo { bits: Some(383), ..hmac })).contains("shorter"));
        assert!(refused(of_crypto_key("k", &CryptoKeyInfo { may_sign: false, ..hmac })).contains("may not sign"));
        assert!(refused(of_crypto_key("k", &key("HMAC", "SHA-1", ""))).contains(OTHER_KIND));
    }

    fn jwk(members: &str) -> Result<Algorithm, Error> {
        of_jwk("k", &json::parse_object(format!("{{{members}}}").as_bytes()).unwrap())
    }

    #[test]
    fn a_private_jwk_signs_what_it_is_made_for() {
        let n = "n".repeat(342);
        let rsa = format!(r#""kty":"RSA","d":true,"n":"{n}""#);
        for (members, algorithm) in [
            (r#""kty":"EC","crv":"P-256","d":true"#.to_owned(), "ES256"),
            (r#""kty":"EC","crv":"P-384","d":true,"alg":"ES384""#.to_owned(), "ES384"),
            (r#""kty":"EC","crv":"P-521","d":true,"use":"sig","kid":"1","key_ops":["sign"]"#.to_owned(), "ES512"),
            (r#""kty":"OKP","crv":"Ed25519","d":true,"alg":"EdDSA""#.to_owned(), "EdDSA"),
            (r#""kty":"OKP","crv":"Ed25519","d":true,"alg":"Ed25519""#.to_owned(), "EdDSA"),
            (rsa.clone(), "RS256"),
            (format!(r#"{rsa},"alg":"RS512""#), "RS512"),
            (format!(r#"{rsa},"alg":"PS384""#), "PS384"),
        ] {
            assert_eq!(jwk(&members).unwrap().signing_name(), algorithm, "{members}");
        }
    }

    #[test]
    fn a_jwk_that_cannot_sign_is_an_error_that_says_why() {
        let p256 = r#""kty":"EC","crv":"P-256","d":true"#;
        let long = "n".repeat(342);
        for (members, told) in [
            (r#""kty":"oct","k":"x","d":true"#.to_owned(), "shared secret"),
            (r#""kty":"EC","crv":"P-256""#.to_owned(), "is a public JWK"),
            (r#""kty":"EC","crv":"P-256","d":false"#.to_owned(), "is a public JWK"),
            (format!(r#"{p256},"use":"enc""#), "`use` is not sig"),
            (format!(r#"{p256},"use":null"#), "`use` is not sig"),
            (format!(r#"{p256},"key_ops":["verify"]"#), "`key_ops` lack sign"),
            (format!(r#"{p256},"key_ops":"sign""#), "`key_ops` lack sign"),
            (format!(r#"{p256},"kid":7"#), "`kid` is no string"),
            (format!(r#"{p256},"alg":"ES384""#), "`alg` does not fit"),
            (format!(r#"{p256},"alg":7"#), "`alg` does not fit"),
            (r#""kty":"EC","crv":"secp256k1","d":true"#.to_owned(), "of a kind"),
            (r#""kty":"OKP","crv":"X25519","d":true"#.to_owned(), "of a kind"),
            (r#""crv":"P-256","d":true"#.to_owned(), "of a kind"),
            (format!(r#""kty":"RSA","d":true,"n":"{}""#, &long[1..]), "of a kind"),
            (format!(r#""kty":"RSA","d":true,"n":"{long}","alg":"ES256""#), "`alg` does not fit"),
        ] {
            let message = refused(jwk(&members));
            assert!(message.contains(told), "{members}: {message}");
        }
    }
}
