use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};

use super::*;
use crate::{jose::rsa, json};

const N2048: &str = "xLYnV6NAaRc24c-8wejbbK8zN2TKcSy8ixNGVUqCiLdh9HVHXr2ZRtL00QmEC6sdPKC11yiJRJEPFqccKrAwD2RaM3htalaqr9lO8r2ZbwOzDUi3IpuY8BasYhKZCug_cI_wf0GV0BBUkhTvwpGf1_3PDbHhtkHdGSXqCrKTshuIs5ffYMJYyUABzmZ0NB9csvBxVxAeWgijqb9EYlIhcUimhsrle50k4NBGY4zy7huCKttHiorzrErbMD51Nnh9NvY8mB6dViG0b9_XpLhuj77OWnxsVohW-eizqplKiDDUzneGWSW1RxICFusdjtCxXBaKMOFc6CVJuA_9HbZ0SQ";
/// Of a test certificate of the roca-detect project (2050 bits).
const ROCA_KNOWN: &str = "AlkntSul5oyMkmi7khjzdnNhTKZUGPR0WxQ81O5T-Ukcmg4cLyOpUWMGr_vzhme4cbwMyC5g9bsan6FaVnGnZcnyG5WH2AEVlkNyo4PIg7Dcv2x3VwazHq_z4_1IhVmgjN6iD5qXxMWba4qO7KRX1Kgg1JUJ91kzYwK8oaNpCwgJGBH4WPLozqWmI1WtbgQdGTXtpZKJtZdoO3PiZXrnS__HYOTVE8yH25NVkY6qCNOYu-X2g13IcSUhG5s2s6C8cLmTpss_fSy0Bh3nPblyyUKt-ZVbb-TNkPANCIrsBK8fXv-R8hr17URhfH24CT-VNm2yZYDErzmd65T5sUEwW-E";
/// Of two 1024-bit primes `k·M + (65537^a mod M)`, M the product of the first 126 primes.
const ROCA_MADE: &str = "e3fac28bf306d50c235dc57b7672503305447f383a3b01d9caacd6421ef68861419b2a01bf4b52f5e89992fd1e9090c04693f5a1b42815f0b799aa98078dbe7853fb73e8262ddaa81dcfba49862162c8e1ebc261a97bc7a9c172597844713f1833379214657027bb7449ad408170a7d2a12d0cfd949c0cf82ae23f38598d39bf6315c63e2a197246c38dfdca6eebe5cd47e3b3f583013345e5bc541d2e7558f79cbfdecbd528f127cf61464845580b0828dc37a7676275a432437a394576c0fd028407a09cf4c53d710b7c1e9f3b1d52ddb8371400d6768c04f6a4e24010907104ea93ca83ec0036f2a1f620f658b4cc005ca6c8d3416fdeaef08ccc78ae871d";
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
fn attack_18_rsa_moduli() {
    let odd = |bytes: usize| {
        // A number without small factors: N2048 in front of a tail found by trying.
        let mut n = URL_SAFE_NO_PAD.decode(N2048).unwrap();
        n.resize(bytes, 1);
        n[bytes - 1] |= 1;
        while rsa::has_small_factor(&n) {
            let last = bytes - 1;
            n[last] = n[last].wrapping_add(2);
        }
        n
    };
    assert_eq!(published(&rsa_of_bytes(&odd(1024))).unwrap().signature_len(Algorithm::RS256), 1024);
    assert_eq!(published(&rsa_of_bytes(&odd(1025))).unwrap_err(), KeyProblem::ModulusSize(8200));
    assert_eq!(published(&rsa_of_bytes(&odd(255))).unwrap_err(), KeyProblem::ModulusSize(2040));
    // 2047 bits in 256 bytes, and zeros that only look like length.
    let mut short = odd(256);
    short[0] = 0x7f;
    assert_eq!(published(&rsa_of_bytes(&short)).unwrap_err(), KeyProblem::ModulusSize(2047));
    let padded = [vec![0; 1], odd(128)].concat();
    assert_eq!(published(&rsa_of_bytes(&padded)).unwrap_err(), KeyProblem::ModulusSize(1024));
    assert_eq!(published(&rsa_of("", "AQAB")).unwrap_err(), KeyProblem::ModulusSize(0));
    let mut even = odd(256);
    even[255] &= 0xfe;
    assert_eq!(published(&rsa_of_bytes(&even)).unwrap_err(), KeyProblem::Modulus);
    assert_eq!(published(&rsa_of_bytes(&[0xff; 256])).unwrap_err(), KeyProblem::Modulus);
}

#[test]
fn attack_18_rsa_exponents() {
    for (bytes, fine) in [
        (&[3][..], true),
        (&[17], true),
        (&[1, 0, 1], true),
        (&[0, 1, 0, 1], true),
        (&[0xff, 0xff, 0xff, 0xff], true),
        (&[1], false),
        (&[0, 1], false),
        (&[2], false),
        (&[1, 0, 0], false),
        (&[0], false),
        (&[], false),
        (&[1, 0, 0, 0, 1], false),
    ] {
        let jwk = published(&rsa_of(N2048, &URL_SAFE_NO_PAD.encode(bytes)));
        assert_eq!(jwk.err(), if fine { None } else { Some(KeyProblem::Exponent) }, "{bytes:?}");
    }
}

#[test]
fn attack_18_roca() {
    let made: Vec<u8> =
        (0..ROCA_MADE.len()).step_by(2).map(|at| u8::from_str_radix(&ROCA_MADE[at..at + 2], 16).unwrap()).collect();
    assert_eq!(published(&rsa_of_bytes(&made)).unwrap_err(), KeyProblem::Roca);
    assert_eq!(published(&rsa_of(ROCA_KNOWN, "AQAB")).unwrap_err(), KeyProblem::Roca);
    assert!(KeyProblem::Roca.to_string().contains("CVE-2017-15361"));
}

#[test]
fn leading_zeros_of_rsa_numbers_change_nothing() {
    let padded = [vec![0, 0], URL_SAFE_NO_PAD.decode(N2048).unwrap()].concat();
    let jwk = published(&rsa_of(&URL_SAFE_NO_PAD.encode(padded), "AAEAAQ")).unwrap();
    let plain = published(&an_rsa_key()).unwrap();
    assert_eq!(jwk.signature_len(Algorithm::RS256), 256);
    assert_eq!(jwk.to_import_jwk(), plain.to_import_jwk());
    assert!(jwk.same(&plain));
}

#[test]
fn attack_18_coordinates_of_the_wrong_length() {
    let xy = |crv: &str, x: usize, y: usize| {
        let text = |length| URL_SAFE_NO_PAD.encode(vec![1; length]);
        format!(r#""kty":"EC","crv":"{crv}","x":"{}","y":"{}""#, text(x), text(y))
    };
    for (crv, size) in [("P-256", 32), ("P-384", 48), ("P-521", 66)] {
        assert!(published(&xy(crv, size, size)).is_ok());
        for wrong in [0, size - 1, size + 1, 2 * size] {
            assert_eq!(published(&xy(crv, wrong, size)).unwrap_err(), KeyProblem::Length("x"));
            assert_eq!(published(&xy(crv, size, wrong)).unwrap_err(), KeyProblem::Length("y"));
        }
    }
    for wrong in [0, 31, 33, 64] {
        let x = URL_SAFE_NO_PAD.encode(vec![1; wrong]);
        let problem = published(&format!(r#""kty":"OKP","crv":"Ed25519","x":"{x}""#)).unwrap_err();
        assert_eq!(problem, KeyProblem::Length("x"));
    }
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
fn base64url_is_strict() {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    for wrong in [
        format!("{x}="),
        x.replace('_', "/"),
        format!("{x} "),
        format!(" {x}"),
        x.replace("Ro", "R+"),
        // The last character holds two bits of the key and four spare ones.
        x.replace("URo", "URp"),
    ] {
        let problem = published(&ED25519.replace(x, &wrong)).unwrap_err();
        assert_eq!(problem, KeyProblem::Member("x"), "{wrong}");
    }
    for members in
        [r#""kty":"RSA","e":"AQAB""#, r#""kty":"RSA","n":7,"e":"AQAB""#, r#""kty":"RSA","n":null,"e":"AQAB""#]
    {
        assert_eq!(published(members).unwrap_err(), KeyProblem::Member("n"));
    }
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
fn secrets_are_as_long_as_their_hash() {
    let of = |bytes| Jwk::from_secret(Secret::new(vec![1; bytes])).map(|jwk| names(&jwk));
    assert_eq!(of(0), Err(KeyProblem::SecretTooShort));
    assert_eq!(of(31), Err(KeyProblem::SecretTooShort));
    assert_eq!(of(32).unwrap(), ["HS256"]);
    assert_eq!(of(47).unwrap(), ["HS256"]);
    assert_eq!(of(48).unwrap(), ["HS256", "HS384"]);
    assert_eq!(of(64).unwrap(), ["HS256", "HS384", "HS512"]);
    assert_eq!(given(&oct(31)).unwrap_err(), KeyProblem::SecretTooShort);
    assert_eq!(given(&format!(r#"{},"alg":"HS512""#, oct(32))).unwrap_err(), KeyProblem::SecretTooShort);
    assert_eq!(given(r#""kty":"oct""#).unwrap_err(), KeyProblem::Member("k"));
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
