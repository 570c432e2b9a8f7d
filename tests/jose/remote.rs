//! A verifier whose keys are fetched: what it asks for, what it remembers, and what it refuses before it asks anybody.

use arcgate::sans_io::{
    error::Error,
    jose::{
        jwks_cache::{FetchId, Response},
        options::verifier,
        verify::{Action, SignatureCheck, Step, Verifier},
    },
    json,
    machine::Machine,
    time::{Span, Time},
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};

use super::{claims, made, of, outcomes::outcome, token, wrong, ISSUER, NOW};

const TWO: &str = "https://two.example";

/// Two providers, whose keys are good for a minute.
fn of_two() -> Verifier {
    let one = format!(r#"{{"issuer":"{ISSUER}","audience":"api","jwksUri":"{ISSUER}/keys"}}"#);
    let two = one.replace(ISSUER, TWO);
    let options = format!(r#"{{"providers":{{"one":{one},"two":{two}}},"jwksCache":{{"maxAgeSec":60}}}}"#);
    verifier(&json::parse_object(options.as_bytes()).unwrap(), |_| None).unwrap()
}

fn at(secs: i64) -> Time {
    Time::from_millis(NOW).plus(Span::from_secs(secs))
}

fn signed(header: &str, signature: &[u8]) -> Vec<u8> {
    let unsigned = token(header, &claims("").replace(ISSUER, TWO));
    format!("{}.{}", unsigned.rsplit_once('.').unwrap().0, URL_SAFE_NO_PAD.encode(signature)).into_bytes()
}

fn of_key(kid: &str) -> Vec<u8> {
    signed(&format!(r#"{{"alg":"EdDSA"{kid}}}"#), &[7; 64])
}

fn key(fill: u8, kid: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519"{kid},"x":"{}"}}"#, URL_SAFE_NO_PAD.encode([fill; 32]))
}

fn begin(verifier: &mut Verifier, token: &[u8], secs: i64) -> Step {
    verifier.begin(token, at(secs), at(secs))
}

/// The fetch that a token asks for, if it does.
fn asked(verifier: &mut Verifier, token: &[u8], secs: i64) -> Result<(usize, FetchId), Error> {
    match begin(verifier, token, secs) {
        Step::Fetch(provider, fetch) => Ok((provider, fetch)),
        Step::Refused(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

fn answer(verifier: &mut Verifier, fetch: (usize, FetchId), keys: &[String], secs: i64) {
    let body = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let response = Response { status: 200, cache_control: None, age: None, retry_after: None, body: body.as_bytes() };
    verifier.handle_response(fetch.0, fetch.1, &response, at(secs));
}

/// The check that a token comes to, where WebCrypto takes each key.
fn check(verifier: &mut Verifier, token: &[u8], secs: i64) -> SignatureCheck {
    for _ in 0..2 {
        match begin(verifier, token, secs) {
            Step::Import { key, algorithm, .. } => verifier.handle_imported(key, algorithm, true),
            Step::Check(check) => return check,
            other => panic!("{other:?}"),
        }
    }
    panic!("no progress");
}

/// A verifier that has a key of the second provider, named `k`.
fn warm() -> Verifier {
    let mut verifier = of_two();
    let fetch = asked(&mut verifier, &of_key(r#","kid":"k""#), 0).unwrap();
    while verifier.poll_action().is_some() {}
    answer(&mut verifier, fetch, &[key(1, r#","kid":"k""#)], 0);
    verifier
}

#[test]
fn nobody_is_asked_for_the_key_of_a_signature_that_no_key_can_have_made() {
    for (alg, length, is_possible) in [
        ("EdDSA", 63, false),
        ("EdDSA", 64, true),
        ("EdDSA", 65, false),
        ("ES384", 95, false),
        ("ES384", 96, true),
        ("RS256", 255, false),
        ("RS256", 256, true),
        ("RS256", 1024, true),
        ("RS256", 1025, false),
    ] {
        let token = signed(&format!(r#"{{"alg":"{alg}"}}"#), &vec![7; length]);
        let mut verifier = of_two();
        let asked = asked(&mut verifier, &token, 0);
        assert_eq!(asked.is_ok(), is_possible, "{alg} of {length} bytes");
        assert_eq!(verifier.poll_action().is_some(), is_possible, "{alg} of {length} bytes");
        if let Err(error) = asked {
            assert_eq!(error.code().as_str(), "ERR_TOKEN_SIGNATURE", "{alg} of {length} bytes");
        }
    }
}

#[test]
fn a_token_brings_its_own_providers_keys_and_is_that_providers() {
    let mut verifier = of_two();
    let token = of_key(r#","kid":"k""#);
    let fetch = asked(&mut verifier, &token, 0).unwrap();
    let Some(Action::Fetch { provider: 1, request }) = verifier.poll_action() else { panic!("no request") };
    assert_eq!((request.fetch, request.url.as_str()), (fetch.1, "https://two.example/keys"));
    assert!(verifier.is_fetching(1, fetch.1) && !verifier.is_fetching(0, fetch.1));
    assert!(verifier.poll_timeout().is_some_and(|at| at > self::at(0)));
    answer(&mut verifier, fetch, &[key(1, r#","kid":"k""#)], 0);
    assert!(!verifier.is_fetching(1, fetch.1));

    let check = check(&mut verifier, &token, 0);
    assert_eq!(verifier.signature().get(..check.signature_len), Some(&[7; 64][..]));
    assert_eq!(verifier.key(check.key).and_then(|key| key.kid()), Some("k"));
    let verified = verifier.finish(check.id, true, at(0)).unwrap();
    assert_eq!(verified.provider(), 1);
    assert_eq!((verifier.provider_name(1), verifier.provider_name(2)), (Some("two"), None));
    assert_eq!(verifier.principal_prefix(1).as_deref(), Some("jwt|https://two.example|"));
    assert_eq!(verifier.principal_prefix(2), None);
}

#[test]
fn a_check_that_is_given_up_can_not_be_finished() {
    let mut verifier = warm();
    let token = of_key(r#","kid":"k""#);
    let check = check(&mut verifier, &token, 0);
    verifier.abandon(check.id);
    assert!(verifier.finish(check.id, true, at(0)).is_err());
    assert!(matches!(begin(&mut verifier, &token, 0), Step::Check(_)), "it is not remembered");
}

#[test]
fn a_token_is_remembered_while_its_keys_are_fresh_and_no_longer() {
    let mut verifier = warm();
    let token = of_key(r#","kid":"k""#);
    let first = check(&mut verifier, &token, 0);
    verifier.finish(first.id, true, at(0)).unwrap();
    assert!(matches!(begin(&mut verifier, &token, 30), Step::Verified(_)));
    // The keys are old: one caller looks at them again, and the others go on meanwhile with what is known.
    let Step::Check(late) = begin(&mut verifier, &token, 55) else { panic!("its keys are old") };
    let fetch = late.refresh.expect("somebody fetches them");
    verifier.abandon(late.id);
    assert!(matches!(begin(&mut verifier, &token, 55), Step::Verified(_)));
    // The key is gone: so is what it signed.
    answer(&mut verifier, fetch, &[key(2, r#","kid":"l""#)], 55);
    assert!(!matches!(begin(&mut verifier, &token, 55), Step::Verified(_)));
}

#[test]
fn keys_that_are_handed_over_are_their_issuers() {
    let snapshots = warm().snapshots();
    assert!(snapshots.starts_with(r#"[{"#) && snapshots.contains(TWO), "{snapshots}");
    let mut other = of_two();
    assert_eq!(other.snapshots(), "[]");
    other.handle_snapshots(&json::parse(snapshots.as_bytes()).unwrap(), at(0)).unwrap();
    check(&mut other, &of_key(r#","kid":"k""#), 0);
    let of_the_other = String::from_utf8(of_key(r#","kid":"k""#)).unwrap();
    let [header, _, signature] = of_the_other.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let of_the_other = format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims("")));
    assert_eq!(asked(&mut other, of_the_other.as_bytes(), 0).unwrap().0, 0, "the first one's are not known");
    for wrong in ["{}", "[7]", r#"[{"jwks":{}}]"#] {
        let error = other.handle_snapshots(&json::parse(wrong.as_bytes()).unwrap(), at(0)).unwrap_err();
        assert_eq!(error.code().as_str(), "ERR_CONFIG", "{wrong}");
    }
}

#[test]
fn a_public_place_is_nothing_beside_shared_algorithms() {
    let options = format!(
        r#"{{"providers":{{"one":{{"issuer":"{ISSUER}","audience":"api","algorithms":["HS256"],"jwksUri":"{ISSUER}/keys"}}}}}}"#
    );
    assert!(wrong(made(&options, Some(&super::SECRET))).contains("lists nothing that it is for"));
    let both = options.replace(r#""algorithms":["HS256"],"#, "");
    assert!(wrong(made(&both, Some(&super::SECRET))).contains("stands beside `secret`"));
}

#[test]
fn a_token_for_somebody_else_is_refused_though_its_signature_is_good() {
    let mut verifier = of("", Some(&super::SECRET)).unwrap();
    for (audience, is_good) in [(r#""api""#, true), (r#"["x","api"]"#, true), (r#""apis""#, false), (r#"["x"]"#, false)]
    {
        let claims = claims("").replace(r#""aud":"api""#, &format!(r#""aud":{audience}"#));
        assert_eq!(outcome(&mut verifier, &token(r#"{"alg":"HS256"}"#, &claims)).is_ok(), is_good, "{audience}");
    }
}
