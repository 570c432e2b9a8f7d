//! Keys, alone.

mod material;

use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};

use super::*;
use crate::{jose::rsa, json};

const N2048: &str = "xLYnV6NAaRc24c-8wejbbK8zN2TKcSy8ixNGVUqCiLdh9HVHXr2ZRtL00QmEC6sdPKC11yiJRJEPFqccKrAwD2RaM3htalaqr9lO8r2ZbwOzDUi3IpuY8BasYhKZCug_cI_wf0GV0BBUkhTvwpGf1_3PDbHhtkHdGSXqCrKTshuIs5ffYMJYyUABzmZ0NB9csvBxVxAeWgijqb9EYlIhcUimhsrle50k4NBGY4zy7huCKttHiorzrErbMD51Nnh9NvY8mB6dViG0b9_XpLhuj77OWnxsVohW-eizqplKiDDUzneGWSW1RxICFusdjtCxXBaKMOFc6CVJuA_9HbZ0SQ";
const P256: &str = r#""kty":"EC","crv":"P-256","x":"gaQqM9Sq4WvpdxJlXt77fRaYtUwoIlYLYbo_dsKy5OA","y":"069qr4aaCriWbGCARweYLoIFJ8tyg5q2eKJbV-Awztg""#;
const P384: &str = r#""kty":"EC","crv":"P-384","x":"2wMRQ7zkPiFjCsw0Gf-T1odIX2N02WINRUEoZQr-5y8mJCITyj9Utzlc7WZ4WRUz","y":"RMijYxG4mjjkqqM0Hg0cGynXIjcHoR9EqN5nALRGzMrdyqASx8II_u0I7R2bd_EF""#;
const P521: &str = r#""kty":"EC","crv":"P-521","x":"AaB0wpCTiNI_9mRNsp1LWHjJ_Nd6rY_YzB_e5mH879ldn451nvebTAz3-Hsu_yUg7OKsD0K-xzlepemO4lKk6juL","y":"Ad4x--PqHe-ZiO6BEZY1LWel3OxhINdZ4FPHoCia3JvBSt0xeKreChpYXEbB3GvpO_9rmoPVJeET7gfw4b-m1om5""#;
/// RFC 8037 appendix A.2
const ED25519: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

fn an_rsa_key() -> String {
    rsa_of(N2048, "AQAB")
}

fn rsa_of(n: &str, e: &str) -> String {
    format!(r#""kty":"RSA","n":"{n}","e":"{e}""#)
}

fn rsa_of_bytes(n: &[u8]) -> String {
    rsa_of(&URL_SAFE_NO_PAD.encode(n), "AQAB")
}

/// 32 bytes, and more where asked for.
fn oct(bytes: usize) -> String {
    format!(r#""kty":"oct","k":"{}""#, URL_SAFE_NO_PAD.encode(vec![7; bytes]))
}

fn published(members: &str) -> Result<Jwk, KeyProblem> {
    Jwk::from_value(&json::parse(format!("{{{members}}}").as_bytes()).unwrap())
}

fn given(members: &str) -> Result<Jwk, KeyProblem> {
    Jwk::from_given_value(&json::parse(format!("{{{members}}}").as_bytes()).unwrap())
}

fn names(jwk: &Jwk) -> Vec<&'static str> {
    jwk.algorithms().iter().map(Algorithm::name).collect()
}

#[test]
fn each_kind_of_key_fits_its_algorithms_and_no_other() {
    assert_eq!(names(&published(&an_rsa_key()).unwrap()), ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]);
    assert_eq!(names(&published(P256).unwrap()), ["ES256"]);
    assert_eq!(names(&published(P384).unwrap()), ["ES384"]);
    assert_eq!(names(&published(P521).unwrap()), ["ES512"]);
    assert_eq!(names(&published(ED25519).unwrap()), ["Ed25519"]);
    assert_eq!(names(&given(&oct(64)).unwrap()), ["HS256", "HS384", "HS512"]);
}

#[test]
fn signature_lengths() {
    assert_eq!(published(&an_rsa_key()).unwrap().signature_len(Algorithm::PS384), 256);
    assert_eq!(published(P256).unwrap().signature_len(Algorithm::ES256), 64);
    assert_eq!(published(P384).unwrap().signature_len(Algorithm::ES384), 96);
    assert_eq!(published(P521).unwrap().signature_len(Algorithm::ES512), 132);
    assert_eq!(published(ED25519).unwrap().signature_len(Algorithm::Ed25519), 64);
    assert_eq!(given(&oct(64)).unwrap().signature_len(Algorithm::HS384), 48);
}

#[test]
fn alg_narrows_a_key_to_itself() {
    for (members, alg, name) in [
        (an_rsa_key(), "PS256", "PS256"),
        (P256.to_owned(), "ES256", "ES256"),
        (ED25519.to_owned(), "EdDSA", "Ed25519"),
        (ED25519.to_owned(), "Ed25519", "Ed25519"),
    ] {
        assert_eq!(names(&published(&format!(r#"{members},"alg":"{alg}""#)).unwrap()), [name]);
    }
    assert_eq!(names(&given(&format!(r#"{},"alg":"HS256""#, oct(64))).unwrap()), ["HS256"]);
}

#[test]
fn attack_18_alg_that_does_not_fit() {
    for (members, alg) in [(P256, "ES384"), (P384, "ES256"), (P256, "RS256"), (ED25519, "ES256"), (P256, "HS256")] {
        let problem = published(&format!(r#"{members},"alg":"{alg}""#)).unwrap_err();
        assert_eq!(problem, KeyProblem::AlgorithmMismatch, "{members} {alg}");
    }
    assert_eq!(published(&format!(r#"{},"alg":"HS256""#, an_rsa_key())).unwrap_err(), KeyProblem::AlgorithmMismatch);
    assert_eq!(given(&format!(r#"{},"alg":"RS256""#, oct(64))).unwrap_err(), KeyProblem::AlgorithmMismatch);
    for alg in [r#""RSA-OAEP""#, r#""none""#, r#""rs256""#, r#""ES256K""#, "7", r#"["RS256"]"#] {
        let problem = published(&format!(r#"{},"alg":{alg}"#, an_rsa_key())).unwrap_err();
        assert_eq!(problem, KeyProblem::Algorithm, "{alg}");
    }
}

#[test]
fn attack_18_use_and_key_ops_that_do_not_fit() {
    for members in
        [r#""use":"sig""#, r#""key_ops":["verify"]"#, r#""key_ops":["sign","verify"]"#, r#""x5u":"https://x""#]
    {
        assert!(published(&format!("{P256},{members}")).is_ok(), "{members}");
    }
    for members in [r#""use":"enc""#, r#""use":"SIG""#, r#""use":["sig"]"#] {
        assert_eq!(published(&format!("{P256},{members}")).unwrap_err(), KeyProblem::Use, "{members}");
    }
    for members in [r#""key_ops":["sign"]"#, r#""key_ops":"verify""#] {
        assert_eq!(published(&format!("{P256},{members}")).unwrap_err(), KeyProblem::Operations, "{members}");
    }
    let both = r#""use":"sig","key_ops":["encrypt"]"#;
    assert_eq!(published(&format!("{P256},{both}")).unwrap_err(), KeyProblem::Operations);
}

/// Many writers have every member, and null, "" or [] in those that say nothing.
#[test]
fn what_says_nothing_is_not_there() {
    for members in [
        r#""use":null,"key_ops":null,"alg":null,"kid":null,"issuer":null"#,
        r#""use":"","key_ops":[],"alg":"","issuer":"""#,
    ] {
        let jwk = published(&format!("{P256},{members}")).unwrap();
        assert_eq!((names(&jwk), jwk.kid(), jwk.issuer()), (vec!["ES256"], None, None), "{members}");
    }
}

#[test]
fn attack_2_a_published_secret_is_no_key() {
    assert_eq!(published(&oct(64)).unwrap_err(), KeyProblem::Published);
    let mixed = format!(r#"{},"k":"AAAA""#, an_rsa_key());
    assert_eq!(published(&mixed).unwrap_err(), KeyProblem::Private("k"));
    assert_eq!(given(&mixed).unwrap_err(), KeyProblem::Private("k"));
}

#[test]
fn attack_18_private_members_are_refused_and_named() {
    for name in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
        for value in [r#""AQAB""#, "null", "[]"] {
            for members in [an_rsa_key(), P256.to_owned(), ED25519.to_owned()] {
                let members = format!(r#"{members},"{name}":{value}"#);
                assert_eq!(published(&members).unwrap_err(), KeyProblem::Private(name), "{members}");
                assert_eq!(given(&members).unwrap_err(), KeyProblem::Private(name), "{members}");
            }
        }
    }
    assert!(KeyProblem::Private("d").to_string().contains("public key alone"));
}

#[test]
fn unknown_kinds_and_curves() {
    for members in ["", r#""kty":"XYZ""#, r#""kty":"rsa""#, r#""kty":["RSA"]"#, r#""kty":null"#, r#""kty":"AKP""#] {
        assert_eq!(published(members).unwrap_err(), KeyProblem::Type, "{members}");
    }
    for members in [
        P256.replace("P-256", "secp256k1"),
        P256.replace("P-256", "p-256"),
        P256.replace(r#""crv":"P-256","#, ""),
        ED25519.replace("Ed25519", "X25519"),
        ED25519.replace("Ed25519", "Ed448"),
        P256.replace("\"EC\"", "\"OKP\""),
        ED25519.replace("OKP", "EC"),
    ] {
        assert_eq!(published(&members).unwrap_err(), KeyProblem::Curve, "{members}");
    }
    assert_eq!(Jwk::from_value(&json::parse(b"[]").unwrap()).unwrap_err(), KeyProblem::NotAnObject);
}

#[test]
fn attack_5_kid_is_a_bounded_string() {
    for (kid, expected) in [
        (r#""a""#.to_owned(), Some("a")),
        (r#""""#.to_owned(), Some("")),
        (r#""\u0061""#.to_owned(), Some("a")),
        (r#""__proto__""#.to_owned(), Some("__proto__")),
    ] {
        assert_eq!(published(&format!(r#"{P256},"kid":{kid}"#)).unwrap().kid(), expected);
    }
    assert_eq!(published(P256).unwrap().kid(), None);
    assert!(published(&format!(r#"{P256},"kid":"{}""#, "x".repeat(256))).is_ok());
    let long = format!(r#""{}""#, "x".repeat(257));
    for kid in ["1", "[\"a\"]", "{}", long.as_str()] {
        assert_eq!(published(&format!(r#"{P256},"kid":{kid}"#)).unwrap_err(), KeyProblem::KeyId, "{kid}");
    }
}

#[test]
fn attack_25_no_secret_is_shown_or_written() {
    let jwk = given(&format!(r#"{},"kid":"a""#, oct(32))).unwrap();
    assert_eq!(format!("{jwk:?}").matches("redacted").count(), 1);
    assert!(!format!("{jwk:?}").contains('7'));
    assert_eq!(jwk.to_import_jwk(), None);
    let mut out = String::new();
    jwk.write_public(&mut out);
    assert_eq!(out, "");
    assert_eq!(jwk.secret().unwrap().expose(), [7; 32]);
    assert!(published(P256).unwrap().secret().is_none());
}

#[test]
fn the_same_key_whatever_it_is_called() {
    let named = |kid: &str| published(&format!(r#"{P256},"kid":"{kid}""#)).unwrap();
    assert!(named("a").same_material(&named("b")));
    assert!(!named("a").same(&named("b")));
    assert!(!named("a").same_material(&published(P384).unwrap()));
    assert!(!published(&an_rsa_key()).unwrap().same_material(&published(&rsa_of(N2048, "Aw")).unwrap()));
    assert!(given(&oct(32)).unwrap().same_material(&given(&oct(32)).unwrap()));
    assert!(!given(&oct(32)).unwrap().same_material(&given(&oct(33)).unwrap()));
    assert!(!named("a").same(&published(&format!(r#"{},"kid":"a","alg":"RS256""#, an_rsa_key())).unwrap()));
}

/// jwt-compact writes the members of RFC 7638 in its order; two programs agree on what the key is.
#[test]
fn the_import_form_is_canonical() {
    for members in [an_rsa_key(), P256.to_owned(), P384.to_owned(), P521.to_owned(), ED25519.to_owned()] {
        let jwk = published(&format!(r#"{members},"use":"sig","kid":"a","key_ops":["verify"],"x5c":["AA"]"#)).unwrap();
        let text = format!("{{{members}}}");
        let peer: jwt_compact::jwk::JsonWebKey<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(jwk.to_import_jwk().unwrap(), peer.to_string());
    }
}

#[test]
fn what_is_written_reads_as_the_same_key() {
    for members in [
        format!(r#"{},"kid":"a\"\\b","alg":"PS256""#, an_rsa_key()),
        an_rsa_key(),
        format!(r#"{P256},"kid":"a""#),
        P521.to_owned(),
        format!(r#"{ED25519},"alg":"EdDSA""#),
    ] {
        let jwk = published(&members).unwrap();
        let mut out = String::new();
        jwk.write_public(&mut out);
        let read = Jwk::from_value(&json::parse(out.as_bytes()).unwrap()).unwrap();
        assert!(read.same(&jwk), "{out}");
    }
}
