//! The keys of one provider, through their first fetch, their age, a failure and an owner who is never heard of again.

use arcgate::sans_io::{
    jose::{
        alg::Algorithm,
        jwks::KeyIds,
        jwks_cache::{CacheConfig, Decision, FetchFailure, FetchId, JwksCache, Response},
    },
    json,
    time::{Span, Time},
};

use super::{driver::holds_in_time, Input};

const START: f64 = 1_800_000_000_000.0;

fn cache() -> JwksCache {
    JwksCache::remote("https://issuer.example", None, CacheConfig::default())
}

/// A token of the key `kid` comes. What its caller does is not asked here; whether a fetch begins, is.
fn token(secs: f64, kid: &'static str) -> Input<JwksCache> {
    (START + secs * 1000.0, Box::new(move |cache, now| drop(cache.select(Some(kid), Algorithm::Ed25519, now, now))))
}

fn answer(secs: f64, fetch: u32, body: &'static str) -> Input<JwksCache> {
    let response = Response { status: 200, cache_control: None, age: None, retry_after: None, body: body.as_bytes() };
    let handle = move |cache: &mut JwksCache, now| {
        // Each answer's keys are others than those of the answers before.
        let mut ids = KeyIds::default();
        for _ in 0..fetch {
            ids.next();
        }
        cache.handle_response(FetchId(fetch), &response, &mut ids, now);
    };
    (START + secs * 1000.0, Box::new(handle))
}

fn failure(secs: f64, fetch: u32, failure: FetchFailure) -> Input<JwksCache> {
    (START + secs * 1000.0, Box::new(move |cache, now| cache.handle_failure(FetchId(fetch), failure, now)))
}

const DOCUMENT: &str = r#"{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/jwks"}"#;
const KEYS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","kid":"1"}]}"#;
const OTHERS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI","kid":"2"}]}"#;

#[test]
fn keys_are_fetched_age_and_are_replaced() {
    let output = holds_in_time(
        cache,
        &[
            token(0.0, "1"),
            answer(0.1, 1, DOCUMENT),
            answer(0.2, 1, KEYS),
            token(0.3, "1"),
            // Four fifths of ten minutes.
            token(500.0, "1"),
            failure(501.0, 2, FetchFailure::Network),
            token(502.0, "1"),
            token(550.0, "1"),
            // The keys may have moved.
            answer(551.0, 3, DOCUMENT),
            answer(552.0, 3, OTHERS),
        ],
        &[
            "0: Fetch(url)",
            "100: Fetch(url)",
            "500000: Fetch(url)",
            "550000: Fetch(url)",
            "551000: Fetch(url)",
            "552000: Forget",
        ],
    );
    let [openid, keys] = ["https://issuer.example/.well-known/openid-configuration", "https://issuer.example/jwks"];
    assert_eq!(output.len(), 6, "{output:?}");
    for (action, url) in output.iter().zip([openid, keys, keys, openid, keys]) {
        assert!(action.starts_with("Fetch(") && action.contains(&format!("{url:?}")), "{action} {url}");
    }
    assert!(output[5].starts_with("Forget("), "{output:?}");
}

#[test]
fn an_owner_who_is_lost_is_followed_by_the_next_who_asks() {
    holds_in_time(
        cache,
        &[token(0.0, "1"), token(1.0, "1"), token(2.0, "1"), token(20.0, "1")],
        &["0: Fetch(url)", "2000: Fetch(url)", "20000: Fetch(url)"],
    );
}

#[test]
fn keys_of_another_instance_are_taken_over_and_one_that_webcrypto_refused_is_not_used() {
    let mut other = cache();
    for (at, input) in [token(0.0, "1"), answer(0.1, 1, DOCUMENT), answer(0.2, 1, KEYS)] {
        input(&mut other, Time::from_millis(at));
    }
    let snapshot = other.snapshot().expect("it has keys");
    let inputs: Vec<Input<JwksCache>> = vec![
        (
            START + 1000.0,
            Box::new(move |cache, now| {
                let snapshot = json::parse_object(snapshot.as_bytes()).expect("a snapshot is JSON");
                assert!(cache.handle_snapshot(&snapshot, &mut KeyIds::default(), now).expect("another one's keys"));
            }),
        ),
        (
            START + 2000.0,
            Box::new(|cache, now| match cache.select(Some("1"), Algorithm::Ed25519, now, now) {
                Decision::Use { key, .. } => cache.handle_import_failed(key, Algorithm::Ed25519),
                other => panic!("{other:?}"),
            }),
        ),
        token(20.0, "1"),
    ];
    holds_in_time(cache, &inputs, &["19000: Fetch(url)"]);
}

#[test]
fn the_next_instant_is_when_something_changes_by_itself() {
    use arcgate::sans_io::machine::Machine;
    let mut cache = cache();
    assert_eq!(cache.poll_timeout(), None);
    let at = |secs: f64| Time::from_millis(START + secs * 1000.0);
    cache.select(Some("1"), Algorithm::Ed25519, at(0.0), at(0.0));
    // Patience, the cooldown, and the fetch that is lost a second after its time-out.
    for secs in [2.0, 5.0, 6.0] {
        assert_eq!(cache.poll_timeout(), Some(at(secs)), "{secs}");
        cache.handle_timeout(at(secs));
    }
    assert_eq!(cache.poll_timeout(), None);
    // By the wall clock, though that was set back.
    cache.handle_timeout(at(-1000.0));
    cache.select(Some("1"), Algorithm::Ed25519, at(-1000.0), at(-1000.0));
    assert_eq!(cache.poll_timeout(), Some(at(-1000.0).plus(Span::from_secs(2))));
}
