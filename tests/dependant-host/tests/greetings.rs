//! The application's own tests, on the host: a scripted network, a clock that stands still, a key of its own.

use std::sync::{
    atomic::{AtomicU32, Ordering},
    Arc,
};

use arcgate::{
    fetch::{Failure, Request, Response},
    Code, JwtVerifier, Time,
};
use dependant_host::{greet, trusted};

/// ES256; iss https://issuer.example, aud https://api.example, sub alice, iat 1792999990, exp 1793000300.
const TOKEN: &str = include_str!("token.txt");
const JWKS: &str = include_str!("jwks.json");

fn application(now_secs: f64, asked: &Arc<AtomicU32>) -> JwtVerifier {
    let asked = asked.clone();
    let network = move |request: Request| {
        asked.fetch_add(1, Ordering::Relaxed);
        async move {
            match request.url.as_str() {
                "https://issuer.example/.well-known/openid-configuration" => Ok(Response::new(
                    200,
                    r#"{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/jwks"}"#,
                )),
                "https://issuer.example/jwks" => Ok(Response::new(200, JWKS)),
                _ => Err(Failure::Network),
            }
        }
    };
    JwtVerifier::builder()
        .provider("main", trusted())
        .fetch(network)
        .clock(move || Time::from_millis(now_secs * 1000.0))
        .build()
        .expect("the options are right")
}

#[test]
fn whoever_has_a_token_is_greeted() {
    let asked = Arc::default();
    let verifier = application(1_793_000_000.0, &asked);
    let bearer = format!("Bearer {}", TOKEN.trim());
    for _ in 0..3 {
        let greeting = pollster::block_on(greet(&verifier, Some(&bearer)));
        assert_eq!(greeting.expect("the token is good"), "hello alice");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2, "metadata and keys, once");
}

#[test]
fn whoever_has_none_or_one_that_has_ended_is_told_so() {
    let asked = Arc::default();
    let bearer = format!("Bearer {}", TOKEN.trim());
    let refusal = pollster::block_on(greet(&application(1_793_000_000.0, &asked), None)).expect_err("no token");
    assert_eq!((refusal.status(), refusal.error().code()), (401, Code::Unauthenticated));
    let late = application(1_793_000_331.0, &asked);
    let refusal = pollster::block_on(greet(&late, Some(&bearer))).expect_err("it has ended");
    assert_eq!((refusal.status(), refusal.error().code()), (401, Code::TokenExpired));
    assert!(refusal.www_authenticate().is_some_and(|field| field.contains("invalid_token")));
}

#[test]
fn a_network_that_is_away_is_nobodys_fault_who_calls() {
    let verifier = JwtVerifier::builder()
        .provider("main", trusted())
        .fetch(|_| async { Err(Failure::Network) })
        .clock(|| Time::from_millis(1_793_000_000_000.0))
        .build()
        .expect("the options are right");
    let bearer = format!("Bearer {}", TOKEN.trim());
    let refusal = pollster::block_on(greet(&verifier, Some(&bearer))).expect_err("there are no keys");
    assert_eq!(refusal.status(), 503);
    assert!(refusal.error().is_retryable() && refusal.retry_after().is_some());
}

#[test]
fn shared_code_may_go_to_other_threads() {
    fn sent<T: Send + Sync + Clone>(value: &T) -> T {
        value.clone()
    }
    let asked = Arc::default();
    let verifier = sent(&application(1_793_000_000.0, &asked));
    let bearer = format!("Bearer {}", TOKEN.trim());
    let task = async move { greet(&verifier, Some(&bearer)).await };
    let greeted = std::thread::spawn(move || pollster::block_on(task)).join().expect("no panic");
    assert_eq!(greeted.expect("the token is good"), "hello alice");
}
