//! What is wrong with a source or with options is told when the manager is made, by the names that the program has for it.

use std::time::Duration;

use arcgate::{
    tokens::{Options, SigningKey, Source},
    Algorithm, Code, TokenManager,
};

use super::world::{machine, World};

const ISSUER: &str = "https://i.example";

fn refused(source: Source) -> String {
    let error = TokenManager::new(source, World::default().options()).unwrap_err();
    assert_eq!(error.code(), Code::Config);
    error.message().to_owned()
}

#[test]
fn what_is_wrong_is_named_as_the_program_wrote_it() {
    let client = || Source::client_credentials(ISSUER, "c");
    for (source, told) in [
        (client(), "`Source::client_secret` is missing: give `client_secret` or `private_key`"),
        (client().client_secret(""), "`Source::client_secret` must be a non-empty string"),
        (Source::client_credentials("http://i.example", "c").client_secret("s"), "`Source::issuer` must"),
        (Source::client_credentials_at("i.example", "c").client_secret("s"), "`Source::token_endpoint` must"),
        (machine().parameter("grant_type", "x"), "`Source::parameters` must not hold `grant_type`"),
        (machine().parameter("a", "1").parameter("a", "2"), "`Source::parameters` is given twice for `a`"),
        (machine().scope("\0"), "`Source::scope` begins with a NUL"),
        (machine().certificate_sha256("AAA"), "`Source::assertion_header` belongs to `private_key`, which is missing"),
        (Source::fixed("a b"), "`Source::token` holds a character that no token may hold"),
        (Source::fixed("a").scope("x"), "`Source::scope` is not an option"),
        (Source::refresh_token(ISSUER, "c", ""), "`Source::refresh_token` must be a non-empty string"),
    ] {
        let message = refused(source);
        assert!(message.starts_with(told), "{message}");
    }
}

#[test]
fn options_have_their_bounds() {
    let world = World::default();
    for (options, told) in [
        (world.options().timeout(Duration::from_millis(9)), "`Options::timeout` must be from 10 milliseconds"),
        (world.options().timeout(Duration::from_secs(61)), "`Options::timeout` must be from 10 milliseconds"),
        (world.options().refresh_lead(Duration::MAX), "`Options::refresh_lead` must be less than a year"),
        (world.options().insecure_hosts(["http://x"]), "`insecure_hosts` must list hosts"),
        (Options::new(), "there is no `fetch` without JavaScript"),
    ] {
        let error = TokenManager::new(machine(), options).unwrap_err();
        assert!(error.code() == Code::Config && error.message().starts_with(told), "{error}");
    }
    let plain = Source::client_credentials_at("http://keycloak:8080/t", "c").client_secret("s");
    assert!(TokenManager::new(plain.clone(), world.options()).is_err());
    assert!(TokenManager::new(plain, world.options().insecure_hosts(["keycloak:8080"])).is_ok());
    // What asks nobody needs no `fetch`.
    assert!(TokenManager::new(Source::fixed("t"), Options::new()).is_ok());
}

#[test]
fn a_key_that_cannot_sign_is_told_at_once() {
    let with = |key| refused(Source::client_credentials(ISSUER, "c").private_key(key));
    for (key, told) in [
        (SigningKey::from_jwk("{"), "is no JSON object"),
        (SigningKey::from_jwk(r#"{"kty":"EC","crv":"P-256","x":"a","y":"b"}"#), "is a public JWK"),
        (SigningKey::from_jwk(r#"{"kty":"oct","k":"hunter2"}"#), "is a shared secret"),
        (SigningKey::from_jwk(r#"{"kty":"EC","crv":"P-256","d":"hunter2","alg":"RS256"}"#), "`alg` does not fit it"),
        (SigningKey::from_pem("hunter2", Algorithm::ES256), "is no PEM"),
        (SigningKey::from_pem("-----BEGIN EC PRIVATE KEY-----", Algorithm::ES256), "openssl pkcs8 -topk8"),
        (
            SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", Algorithm::ES256),
            "no base64",
        ),
        (SigningKey::from_pkcs8(*b"hunter2", Algorithm::HS256), "shared secret"),
    ] {
        assert!(!format!("{key:?}").contains("hunter2"));
        let message = with(key);
        assert!(message.starts_with("`Source::private_key` ") && message.contains(told), "{message}");
        assert!(!message.contains("hunter2"));
    }
    let key = SigningKey::from_jwk(r#"{"kty":"EC","crv":"P-256","d":"hunter2","kid":"k"}"#);
    let both = Source::client_credentials(ISSUER, "c").client_secret("s").private_key(key);
    assert!(refused(both).contains("two ways to do one thing"));
}

#[test]
fn no_secret_is_seen() {
    let world = World::default();
    let source = machine().scope("a");
    let manager = TokenManager::new(source.clone(), world.options()).unwrap();
    world.end(manager.token()).unwrap();
    for shown in [
        format!("{source:?}"),
        format!("{manager:?}"),
        format!("{:?}", world.options()),
        format!("{:?}", world.requests()),
    ] {
        assert!(!shown.contains("hunter2") && !shown.contains("a1"), "{shown}");
    }
}
