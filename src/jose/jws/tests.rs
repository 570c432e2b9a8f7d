use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine as _};

use super::*;
use crate::{error::Code, jose::alg::Algorithm};

fn token(header: &str, payload: &str) -> String {
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload),
        URL_SAFE_NO_PAD.encode("signature")
    )
}

fn code(token: &str) -> Code {
    UntrustedJws::parse(token.as_bytes(), &mut Scratch::default()).unwrap_err().code()
}

#[test]
fn takes_a_token_apart() {
    let token = token(r#"{"alg":"RS256","kid":"k","typ":"at+jwt"}"#, "payload");
    let mut scratch = Scratch::default();
    let jws = UntrustedJws::parse(token.as_bytes(), &mut scratch).unwrap();
    assert_eq!(jws.header().algorithm(), Algorithm::RS256);
    assert_eq!((jws.header().kid(), jws.header().typ()), (Some("k"), Some("at+jwt")));
    assert_eq!((jws.payload(), jws.signature()), (&b"payload"[..], &b"signature"[..]));
    assert_eq!(&token[..jws.signing_input_len()], token.rsplit_once('.').unwrap().0);
}

#[test]
fn refuses_other_numbers_of_segments() {
    for text in ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e", "a.b.c.d.e.f", &".".repeat(16_000), &".".repeat(1_000_000)] {
        assert_eq!(code(text), Code::TokenMalformed);
    }
    let message = |token: &[u8]| UntrustedJws::parse(token, &mut Scratch::default()).unwrap_err().message().to_owned();
    assert!(message(b"a.b.c.d.e").contains("JWE"));
    assert!(message(b"opaque").contains("audience"));
    assert!(message(b"ya29.opaque").contains("ID token"));
}

#[test]
fn refuses_other_spellings_of_base64url() {
    let good = token(r#"{"alg":"RS256"}"#, "x");
    assert!(UntrustedJws::parse(good.as_bytes(), &mut Scratch::default()).is_ok());
    let (head, signature) = good.rsplit_once('.').unwrap();
    for bad in [
        format!("{head}.{signature}="),
        format!("{head}.{signature}\n"),
        format!("{head}. {signature}"),
        format!("{head}.+/8"),
        // "signature" is 9 bytes; one byte more leaves spare bits in the last character.
        format!("{head}.eB"),
        format!("{head}.e"),
    ] {
        assert_eq!(code(&bad), Code::TokenMalformed, "{bad}");
    }
}

#[test]
fn says_what_stands_around_a_token() {
    let message =
        |token: &str| UntrustedJws::parse(token.as_bytes(), &mut Scratch::default()).unwrap_err().message().to_owned();
    let good = token(r#"{"alg":"RS256"}"#, "x");
    for (wrapped, told) in [
        (format!("Bearer {good}"), "the token begins with \"Bearer \""),
        (format!("bearer\t{good}"), "the token begins with \"Bearer \""),
        (format!("BEARER: {good}"), "the token begins with \"Bearer \""),
        (format!("JWT {good}"), "the token begins with \"JWT \""),
        ("Bearer ".to_owned(), "the token ends with white space"),
        ("Bearer opaque".to_owned(), "the token begins with \"Bearer \""),
        (format!("Authorization: Bearer {good}"), "the token begins with the name of its header field"),
        (format!(" {good}"), "the token begins with white space"),
        (format!("\"{good}\""), "the token begins with a quotation mark"),
        (format!("{good}\n"), "the token ends with white space"),
        (
            format!("{good}=="),
            "a segment of the token is not canonical base64url: it is padded with `=`, which RFC 7515 §2 forbids",
        ),
        (
            good.replacen('.', "=.", 1),
            "a segment of the token is not canonical base64url: it is padded with `=`, which RFC 7515 §2 forbids",
        ),
        (format!("{good}%"), "a segment of the token is not canonical base64url"),
    ] {
        assert!(message(&wrapped).starts_with(told), "{wrapped}: {}", message(&wrapped));
    }
}

#[test]
fn refuses_headers_that_could_be_read_two_ways() {
    for header in [
        r#"{"alg":"RS256","alg":"none"}"#,
        r#"{"alg":"RS256","\u0061lg":"none"}"#,
        r#"{"alg":"RS256"} "x""#,
        r#"["alg"]"#,
        r#"{"alg":"RS256","kid":7}"#,
        r#"{"alg":"RS256","kid":null}"#,
        r#"{"alg":"RS256","typ":["JWT"]}"#,
        r#"{"alg":"RS256","crit":[]}"#,
        r#"{"alg":"RS256","crit":["exp"]}"#,
        r#"{"alg":"RS256","b64":true}"#,
    ] {
        assert_eq!(code(&token(header, "x")), Code::TokenMalformed, "{header}");
    }
    let long = format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(257));
    assert_eq!(code(&token(&long, "x")), Code::TokenMalformed);
}

#[test]
fn refuses_algorithms_that_are_none_or_unknown() {
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"nOnE"}"#,
        r#"{"alg":""}"#,
        r#"{"alg":"rs256"}"#,
        r#"{"alg":["RS256"]}"#,
        r#"{"alg":null}"#,
        r#"{}"#,
    ] {
        assert_eq!(code(&token(header, "x")), Code::TokenAlgorithm, "{header}");
    }
}

#[test]
fn a_header_that_was_read_before_says_the_same_again() {
    let headers = [
        r#"{"alg":"RS256","kid":"k","typ":"at+jwt"}"#,
        r#"{"alg":"RS256","kid":"k"}"#,
        r#"{"alg":"ES256","kid":"kk","typ":"JWT"}"#,
        r#" {"typ":"JWT","alg":"ES256" } "#,
        // Read each time: an escape in what we act on, and one that is long.
        r#"{"alg":"ES256","kid":"\u006b"}"#,
        &format!(r#"{{"alg":"ES256","kid":"k","x":"{}"}}"#, "x".repeat(600)),
        r#"{"alg":"ES256","kid":""}"#,
        "",
        "{}",
        r#"{"alg":"none"}"#,
        r#"{"alg":"ES256","crit":["x"]}"#,
        r#"{"alg":"ES256","kid":7}"#,
    ];
    let mut tokens: Vec<String> = headers.iter().map(|header| token(header, r#"{"iss":"i"}"#)).collect();
    // The same header, and something else before the dot, after it, or no more than it.
    let (segment, rest) = tokens[0].split_once('.').unwrap();
    let more = [
        format!("{segment}A.{rest}"),
        format!("{segment}.."),
        segment.to_owned(),
        format!("{segment}."),
        format!("{segment}={rest}"),
    ];
    let cut = format!("{}.{rest}", &segment[..segment.len() - 1]);
    tokens.extend(more.into_iter().chain([cut]));
    let said = |token: &str, scratch: &mut Scratch| {
        UntrustedJws::parse(token.as_bytes(), scratch)
            .map(|jws| {
                let header = jws.header();
                let acted_on = (header.algorithm(), header.kid().map(str::to_owned), header.typ().map(str::to_owned));
                let whole = (header.text().to_vec(), jws.payload().to_vec(), jws.signature().to_vec());
                (acted_on, whole, jws.signing_input_len())
            })
            .map_err(|error| (error.code(), error.message().to_owned()))
    };
    let mut scratch = Scratch::default();
    for one in &tokens {
        for other in &tokens {
            for token in [one, other, other, one] {
                assert_eq!(said(token, &mut scratch), said(token, &mut Scratch::default()), "{token}");
            }
        }
    }
}
