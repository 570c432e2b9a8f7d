//! What a key is made of: numbers, coordinates, secrets.

use super::*;

/// Of a test certificate of the roca-detect project (2050 bits).
const ROCA_KNOWN: &str = "AlkntSul5oyMkmi7khjzdnNhTKZUGPR0WxQ81O5T-Ukcmg4cLyOpUWMGr_vzhme4cbwMyC5g9bsan6FaVnGnZcnyG5WH2AEVlkNyo4PIg7Dcv2x3VwazHq_z4_1IhVmgjN6iD5qXxMWba4qO7KRX1Kgg1JUJ91kzYwK8oaNpCwgJGBH4WPLozqWmI1WtbgQdGTXtpZKJtZdoO3PiZXrnS__HYOTVE8yH25NVkY6qCNOYu-X2g13IcSUhG5s2s6C8cLmTpss_fSy0Bh3nPblyyUKt-ZVbb-TNkPANCIrsBK8fXv-R8hr17URhfH24CT-VNm2yZYDErzmd65T5sUEwW-E";
/// Of two 1024-bit primes `k·M + (65537^a mod M)`, M the product of the first 126 primes.
const ROCA_MADE: &str = "e3fac28bf306d50c235dc57b7672503305447f383a3b01d9caacd6421ef68861419b2a01bf4b52f5e89992fd1e9090c04693f5a1b42815f0b799aa98078dbe7853fb73e8262ddaa81dcfba49862162c8e1ebc261a97bc7a9c172597844713f1833379214657027bb7449ad408170a7d2a12d0cfd949c0cf82ae23f38598d39bf6315c63e2a197246c38dfdca6eebe5cd47e3b3f583013345e5bc541d2e7558f79cbfdecbd528f127cf61464845580b0828dc37a7676275a432437a394576c0fd028407a09cf4c53d710b7c1e9f3b1d52ddb8371400d6768c04f6a4e24010907104ea93ca83ec0036f2a1f620f658b4cc005ca6c8d3416fdeaef08ccc78ae871d";

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
