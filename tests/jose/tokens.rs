//! Tokens that are refused, and those beside them that are not.

use arcgate::sans_io::jose::jws::{Scratch, UntrustedJws, MAX_KID, MAX_TOKEN};

use super::{claims, made, of, refusal, token, ISSUER, SECRET};

const HEADER: &str = r#"{"alg":"HS256"}"#;

#[test]
fn an_issuer_that_nobody_has_is_told_with_those_that_are_configured() {
    let mut plain = of("", Some(&SECRET)).unwrap();
    let other = token(HEADER, &claims("").replace("one.example", "other.example"));
    let error = refusal(&mut plain, &other).unwrap();
    assert_eq!(error.code().as_str(), "ERR_TOKEN_ISSUER");
    assert!(error.message().contains(r#"configured as `issuer`: "https://one.example""#), "{}", error.message());

    let tenants =
        r#"{"providers":{"one":{"issuer":"https://one.example/{tenantid}","audience":"api","tenants":["t1"]}}}"#;
    let mut tenants = made(tenants, Some(&SECRET)).unwrap();
    let of_tenant = token(HEADER, &claims(r#","tid":"t2""#).replace(ISSUER, "https://one.example/t2"));
    let error = refusal(&mut tenants, &of_tenant).unwrap();
    assert!(error.message().contains("with `tenants` that don't have this one"), "{}", error.message());
}

#[test]
fn the_longest_token_is_read_and_a_byte_more_is_not() {
    let mut scratch = Scratch::default();
    let padded = |header: usize| {
        let frame = r#"{"alg":"HS256","x":""}"#.len();
        token(&format!(r#"{{"alg":"HS256","x":"{}"}}"#, "x".repeat(header - frame)), "{}")
    };
    // Payload, signature and dots are 48 bytes; base64url makes four of three.
    let header = (MAX_TOKEN - 48) / 4 * 3;
    let longest = padded(header);
    assert_eq!(longest.len(), MAX_TOKEN);
    assert!(UntrustedJws::parse(longest.as_bytes(), &mut scratch).is_ok());
    let error = UntrustedJws::parse(padded(header + 1).as_bytes(), &mut scratch).err().unwrap();
    assert!(error.message().contains("longer than 16 kB"), "{}", error.message());
}

#[test]
fn the_longest_kid_is_read_and_a_byte_more_is_not() {
    let mut scratch = Scratch::default();
    let named = |length: usize| token(&format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(length)), "{}");
    assert!(UntrustedJws::parse(named(MAX_KID).as_bytes(), &mut scratch).is_ok());
    let error = UntrustedJws::parse(named(MAX_KID + 1).as_bytes(), &mut scratch).err().unwrap();
    assert!(error.message().contains("`kid` is longer than 256 bytes"), "{}", error.message());
}

#[test]
fn padding_is_named_where_there_is_some() {
    let mut scratch = Scratch::default();
    let mut said =
        |token: &str| UntrustedJws::parse(token.as_bytes(), &mut scratch).err().unwrap().message().to_owned();
    assert!(said("e30=.e30.AAAA").contains('='), "{}", said("e30=.e30.AAAA"));
    assert!(!said("e3*0.e30.AAAA").contains('='), "{}", said("e3*0.e30.AAAA"));
}

#[test]
fn a_typ_is_compared_whole_unless_it_has_the_prefix_that_issuers_leave_out() {
    let mut one = of(r#","typ":["at+jwt"]"#, Some(&SECRET)).unwrap();
    let typed = |typ: &str| token(&format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#), &claims(""));
    for good in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
        assert!(refusal(&mut one, &typed(good)).is_none(), "{good}");
    }
    for other in ["applications/at+jwt", "abcdefghijklat+jwt", "applicationxat+jwt", "application/", "jwt"] {
        assert_eq!(refusal(&mut one, &typed(other)).unwrap().code().as_str(), "ERR_TOKEN_TYPE", "{other}");
    }
}
