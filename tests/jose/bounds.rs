//! Where bounds lie that only a hostile, or a careless, provider meets: keys, labels, hosts without TLS.

use arcgate::sans_io::{
    jose::{discovery::weight, jwk::Jwk, jws_verify::JwsVerification},
    json,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};

use super::{claims, made, of, outcomes::outcome, token, wrong, SECRET};

const HEADER: &str = r#"{"alg":"HS256"}"#;

#[test]
fn a_keys_issuer_has_2_kb_at_most() {
    let key = |length: usize| {
        let (x, issuer) = (URL_SAFE_NO_PAD.encode([1; 32]), "i".repeat(length));
        let text = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","issuer":"{issuer}"}}"#);
        Jwk::from_value(&json::parse(text.as_bytes()).unwrap()).is_ok()
    };
    assert!(key(2048) && !key(2049));
}

#[test]
fn labels_are_texts_numbers_and_booleans_of_1_kb_at_most() {
    let mut verifier = of(r#","labelClaims":{"l":"label"}"#, Some(&SECRET)).unwrap();
    let mut labels = |value: &str| {
        let token = token(HEADER, &claims(&format!(r#","label":{value}"#)));
        let accepted = outcome(&mut verifier, &token).unwrap();
        let parts = accepted.parts();
        let behind = parts.key + parts.issuer;
        let end = accepted.text().len() - behind;
        accepted.text()[end - parts.labels..end].to_owned()
    };
    assert_eq!(labels("true"), r#"{"l":"true"}"#);
    assert_eq!(labels("false"), r#"{"l":"false"}"#);
    assert_eq!(labels("7"), r#"{"l":"7"}"#);
    assert_ne!(labels(&format!(r#""{}""#, "x".repeat(1024))), "");
    assert_eq!(labels(&format!(r#""{}""#, "x".repeat(1025))), "");
}

#[test]
fn a_host_without_tls_is_one_that_is_listed() {
    let with = |hosts: &str| {
        let provider = r#"{"issuer":"http://keycloak:8080/r","audience":"api"}"#;
        made(&format!(r#"{{"providers":{{"one":{provider}}}{hosts}}}"#), None)
    };
    assert!(with(r#","insecureHosts":["keycloak:8080"]"#).is_ok());
    for hosts in ["", r#","insecureHosts":["keycloak"]"#, r#","insecureHosts":["keycloak:8081"]"#] {
        assert!(wrong(with(hosts)).contains("issuer"), "{hosts}");
    }
}

#[test]
fn what_selects_a_provider_and_whom_a_token_is_for_are_never_optional() {
    for (claim, fix) in [("aud", "say `audience: null`"), ("iss", "it selects the provider")] {
        assert!(wrong(of(&format!(r#","optionalClaims":["{claim}"]"#), None)).contains(fix), "{claim}");
    }
}

#[test]
fn keys_for_one_call_are_no_mixture_of_secrets_and_public_keys() {
    let secret = format!(r#"{{"kty":"oct","kid":"s","k":"{}"}}"#, URL_SAFE_NO_PAD.encode(SECRET));
    let public = |kid: &str| {
        format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"{kid}","x":"{}"}}"#, URL_SAFE_NO_PAD.encode([1; 32]))
    };
    let read = |keys: &[String]| {
        let set = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
        let jws = token(r#"{"alg":"HS256","kid":"s"}"#, "{}");
        JwsVerification::new(jws.as_bytes(), set.as_bytes(), br#"["HS256"]"#)
            .map_err(|error| error.message().to_owned())
    };
    assert!(read(std::slice::from_ref(&secret)).is_ok());
    for keys in [&[secret.clone(), public("a")][..], &[public("a"), secret.clone(), public("b")]] {
        assert!(read(keys).err().unwrap().contains("mixes shared secrets with public keys"));
    }
    assert!(read(&[secret.clone(), secret]).err().unwrap().contains("more than one key of the `kid` \"s\""));
}

#[test]
fn of_two_failures_that_of_an_ill_server_is_the_one_to_tell() {
    for (status, expected) in [
        (None, 2),
        (Some(408), 2),
        (Some(425), 2),
        (Some(429), 2),
        (Some(500), 2),
        (Some(503), 2),
        (Some(200), 1),
        (Some(299), 1),
        (Some(300), 0),
        (Some(404), 0),
        (Some(499), 0),
    ] {
        assert_eq!(weight(status), expected, "{status:?}");
    }
}
