//! The verifier: the keys of its providers, and what WebCrypto makes of them.

use arcgate::sans_io::{
    jose::{
        jwks_cache::{FetchFailure, FetchId, Response},
        options,
        verify::{Step, Verifier},
    },
    json,
    machine::Machine as _,
    time::Time,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};

use super::{driver::holds_in_time, Input};

const START: f64 = 1_800_000_000_000.0;
const OPTIONS: &str =
    r#"{"providers":{"one":{"issuer":"https://one.example","audience":"api","jwksUri":"https://one.example/keys"}}}"#;
const KEYS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","kid":"1"}]}"#;
const OTHERS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI","kid":"2"}]}"#;

fn verifier() -> Verifier {
    let options = json::parse_object(OPTIONS.as_bytes()).expect("options are JSON");
    options::verifier(&options, |_| None).expect("options are sound")
}

fn token(kid: &str) -> Vec<u8> {
    let encode = |part: &str| URL_SAFE_NO_PAD.encode(part);
    let header = encode(&format!(r#"{{"alg":"EdDSA","kid":"{kid}"}}"#));
    let claims = encode(r#"{"iss":"https://one.example","aud":"api","sub":"u","exp":1900000000}"#);
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([0; 64])).into_bytes()
}

fn at(secs: f64, input: impl Fn(&mut Verifier, Time) + 'static) -> Input<Verifier> {
    (START + secs * 1000.0, Box::new(input))
}

/// A token comes; a key that has to be imported is, or is refused.
fn comes(secs: f64, kid: &'static str, is_accepted: bool) -> Input<Verifier> {
    at(secs, move |verifier, now| {
        if let Step::Import { key, algorithm, .. } = verifier.begin(&token(kid), now, now) {
            verifier.handle_imported(key, algorithm, is_accepted);
            let step = verifier.begin(&token(kid), now, now);
            assert_eq!(matches!(step, Step::Check(_)), is_accepted, "{step:?}");
        }
    })
}

fn answer(secs: f64, fetch: u32, body: &'static str) -> Input<Verifier> {
    at(secs, move |verifier, now| {
        let response =
            Response { status: 200, cache_control: None, age: None, retry_after: None, body: body.as_bytes() };
        verifier.handle_response(0, FetchId(fetch), &response, now);
    })
}

#[test]
fn the_verifier_keeps_the_contract() {
    let inputs = [
        comes(0.0, "1", true),
        at(0.1, |verifier, now| verifier.handle_failure(0, FetchId(1), FetchFailure::Network, now)),
        comes(20.0, "1", true),
        answer(20.1, 2, KEYS),
        comes(20.2, "1", true),
        // Not current any more: the next set has another key.
        comes(600.0, "1", true),
        answer(600.1, 3, OTHERS),
        comes(600.2, "2", false),
    ];
    let told = holds_in_time(
        verifier,
        &inputs,
        &["0: Fetch(url)", "20000: Fetch(url)", "600000: Fetch(url)", "600100: Forget"],
    );
    assert!(told.iter().all(|line| !line.contains("Fetch") || line.contains("https://one.example/keys")), "{told:#?}");
}

#[test]
fn so_does_one_that_takes_over_another_ones_keys() {
    let mut other = verifier();
    for (at, input) in [comes(0.0, "1", true), answer(0.1, 1, KEYS)] {
        input(&mut other, Time::from_millis(at));
    }
    let snapshots = other.snapshots();
    let inputs = [
        at(1.0, move |verifier: &mut Verifier, now| {
            let snapshots = json::parse(snapshots.as_bytes()).expect("snapshots are JSON");
            verifier.handle_snapshots(&snapshots, now).expect("another one's keys");
        }),
        comes(2.0, "1", true),
        comes(600.0, "1", true),
    ];
    holds_in_time(verifier, &inputs, &["599000: Fetch(url)"]);
}

#[test]
fn the_next_instant_is_that_of_the_keys() {
    let mut verifier = verifier();
    assert_eq!(verifier.poll_timeout(), None);
    let now = Time::from_millis(START);
    assert!(matches!(verifier.begin(&token("1"), now, now), Step::Fetch(0, _)));
    // Whoever waits for the fetch, waits so long at most.
    let patience = Time::from_millis(START + 2000.0);
    assert_eq!(verifier.poll_timeout(), Some(patience));
    verifier.handle_timeout(patience);
    assert_ne!(verifier.poll_timeout(), Some(patience));
}
