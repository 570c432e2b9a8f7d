//! Attacks through the signature's bytes and through the spelling of the token: 6 and 7. See also tests/web and
//! src/web/wycheproof.rs, where WebCrypto itself is tried with the vectors of Wycheproof.

use arcgate::sans_io::error::Code;

use crate::bench::*;

#[test]
fn attack_06_signatures_of_another_length_never_reach_webcrypto() {
    let mut bench = Bench::local().answering(Crypto::Unasked);
    for (alg, kid, length) in [
        ("RS256", "rsa", 256),
        ("PS512", "rsa", 256),
        ("ES256", "p256", 64),
        ("ES384", "p384", 96),
        ("ES512", "p521", 132),
        ("EdDSA", "ed", 64),
        ("Ed25519", "ed", 64),
    ] {
        let header = format!(r#"{{"alg":"{alg}","kid":"{kid}"}}"#);
        // DER is 6 to 9 bytes longer than P1363; 21.8 kB of it once overran a buffer.
        for wrong in
            [0, 1, length - 1, length + 1, length / 2, length * 2, length + 6, length + 7, length + 8, 139, 11_000]
        {
            if wrong != length {
                let token = jws(&header, &claims(), &signature(wrong));
                assert_eq!(bench.code(token), Code::TokenSignature, "{alg} {wrong}");
            }
        }
        assert_eq!(bench.code(jws(&header, &claims(), &signature(21_800))), Code::TokenMalformed);
        bench.crypto = Crypto::Approves;
        bench.accepts(jws(&header, &claims(), &signature(length)));
        bench.crypto = Crypto::Unasked;
    }
    let mut bench = Bench::shared().answering(Crypto::Unasked);
    for (alg, length) in [("HS256", 32), ("HS384", 48), ("HS512", 64)] {
        for wrong in [0, 1, length / 2, length - 1, length + 1, 2 * length] {
            let token = jws(&format!(r#"{{"alg":"{alg}"}}"#), &claims(), &signature(wrong));
            assert_eq!(bench.code(token), Code::TokenSignature, "{alg} {wrong}");
        }
    }
}

#[test]
fn attack_06_impossible_lengths_cause_no_request() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    for (alg, wrong) in
        [("ES256", 72), ("ES256", 0), ("ES512", 139), ("EdDSA", 63), ("RS256", 255), ("PS256", 1025), ("RS512", 0)]
    {
        let token = jws(&format!(r#"{{"alg":"{alg}","kid":"rsa"}}"#), &claims(), &signature(wrong));
        assert_eq!(bench.code_at_once(token), Code::TokenSignature, "{alg} {wrong}");
    }
}

#[test]
fn attack_07_a_token_has_one_spelling() {
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    let token = rsa_token(&claims());
    let segments: Vec<&str> = token.split('.').collect();
    assert_eq!(segments.len(), 3);
    let mut refused = |spelling: String| {
        assert_ne!(spelling, token);
        assert_eq!(bench.code_at_once(&spelling), Code::TokenMalformed, "{spelling}");
    };
    for place in 0..3 {
        let with = |segment: String| {
            let mut segments: Vec<String> = segments.iter().map(|s| (*s).to_owned()).collect();
            segments[place] = segment;
            segments.join(".")
        };
        let segment = segments[place];
        let middle = segment.len() / 2;
        for extra in ["=", "==", "\n", "\r\n", " ", "\t", "\0", "%3D", "A="] {
            refused(with(format!("{segment}{extra}")));
            refused(with(format!("{extra}{segment}")));
            refused(with(format!("{}{extra}{}", &segment[..middle], &segment[middle..])));
        }
        for foreign in ["+", "/", "é", "\u{ff21}", "\u{feff}", "*", ",", "~"] {
            refused(with(format!("{}{foreign}{}", &segment[..middle], &segment[middle + 1..])));
        }
    }
    for around in [" ", "\n", "\t", "\0", "\u{feff}", "\"", "'", "Bearer ", "."] {
        refused(format!("{around}{token}"));
        if around != "Bearer " {
            refused(format!("{token}{around}"));
        }
    }
}

#[test]
fn attack_07_spare_bits_are_zero() {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bench = Bench::remote().answering(Crypto::Unasked);
    // One byte over a multiple of three leaves four spare bits, two bytes leave two.
    for (padding, spare) in [("", None), (" ", None), ("  ", None), ("   ", None)] {
        let _: Option<u8> = spare;
        let payload = format!("{}{padding}", claims());
        let segment = base64url(&payload);
        let spare_bits = match payload.len() % 3 {
            1 => 4,
            2 => 2,
            _ => 0,
        };
        let last = ALPHABET.iter().position(|c| *c == segment.as_bytes()[segment.len() - 1]).unwrap();
        for bits in 1..1 << spare_bits {
            let mut other = segment.clone().into_bytes();
            *other.last_mut().unwrap() = ALPHABET[last | bits];
            let other = String::from_utf8(other).unwrap();
            let token = rsa_token(&payload).replace(&segment, &other);
            assert_eq!(bench.code_at_once(token), Code::TokenMalformed, "{bits}");
        }
    }
    // A signature of 256 bytes has four spare bits, one of 64 bytes four, one of 32 two.
    let token = rsa_token(&claims());
    let last = ALPHABET.iter().position(|c| *c == *token.as_bytes().last().unwrap()).unwrap();
    for bits in 1..16 {
        let other = format!("{}{}", &token[..token.len() - 1], ALPHABET[last | bits] as char);
        assert_eq!(bench.code_at_once(other), Code::TokenMalformed, "{bits}");
    }
}
