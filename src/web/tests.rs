//! The port in JavaScript, by itself. Node runs it, and browsers do.

use std::time::Duration;

use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::Web;
use crate::{
    jose::{alg::Algorithm, jwk::Jwk},
    json,
    platform::{
        fetch::{Failure, Request},
        race::{race, First},
        Platform, Signal as _,
    },
    secret::Secret,
};

const LONG: Duration = Duration::from_secs(3600);

fn is_send<T: Send>(value: T) -> T {
    value
}

/// Answers `fetch` by this function while the work goes on: its argument is the request's init.
async fn with_fetch<T>(answer: &str, work: impl std::future::Future<Output = T>) -> T {
    let global = js_sys::global();
    let name = JsValue::from_str("fetch");
    let own = Reflect::get(&global, &name).unwrap();
    Reflect::set(&global, &name, &Function::new_with_args("url, init", answer)).unwrap();
    let done = work.await;
    Reflect::set(&global, &name, &own).unwrap();
    done
}

#[wasm_bindgen_test]
async fn what_happens_once_is_seen_by_all_who_wait_before_or_after() {
    let signal = <Web as Platform>::Signal::new();
    let (one, two) = (signal.wait(LONG), signal.wait(LONG));
    signal.fire();
    signal.fire();
    assert!(is_send(one).await && two.await && signal.wait(LONG).await);
}

#[wasm_bindgen_test]
async fn whoever_waits_for_what_never_happens_goes_on() {
    let signal = <Web as Platform>::Signal::new();
    assert!(signal.wait(Duration::from_millis(1)).await);
    drop(signal.wait(LONG));
}

#[wasm_bindgen_test]
async fn a_promise_that_throws_says_that_its_owner_is_gone() {
    let thrown = Promise::reject(&JsValue::from_str("another request's"));
    let signal = super::timer::Signal::of(thrown, Function::default());
    assert!(!signal.wait(LONG).await);
}

#[wasm_bindgen_test]
async fn the_shorter_pause_ends_first() {
    let first = race(Web::sleep(LONG), Web::sleep(Duration::ZERO)).await;
    assert!(matches!(first, First::Other(())));
}

#[wasm_bindgen_test]
async fn an_answer_is_read_with_its_header() {
    let answer =
        "return Promise.resolve(new Response('keys', { status: 201, headers: { 'Cache-Control': 'max-age=5' } }))";
    let response = with_fetch(answer, is_send(Web::fetch(Request::get("https://a.example/", 4)))).await.unwrap();
    assert_eq!((response.status, response.body.as_slice()), (201, b"keys".as_slice()));
    assert_eq!(response.header("cache-control"), Some("max-age=5"));
}

#[wasm_bindgen_test]
async fn a_request_follows_nothing_and_is_kept_by_nobody() {
    let answer = "return Promise.resolve(new Response([init.method, init.redirect, init.cache, init.credentials, \
                  new Headers(init.headers).get('accept'), init.body, init.signal.aborted].join()))";
    let request = Request::post("https://a.example/", "a=b".into(), 1000).with_header("accept", "text/plain");
    let response = with_fetch(answer, Web::fetch(request)).await.unwrap();
    let said = String::from_utf8(response.body).unwrap();
    assert_eq!(said, "POST,manual,no-store,omit,text/plain,a=b,false");
}

#[wasm_bindgen_test]
async fn more_than_is_read_is_a_failure_whether_it_is_announced_or_not() {
    let announced = "return Promise.resolve(new Response('', { headers: { 'content-length': '5' } }))";
    let streamed = "return Promise.resolve(new Response('12345'))";
    for answer in [announced, streamed] {
        let failure = with_fetch(answer, Web::fetch(Request::get("https://a.example/", 4))).await.unwrap_err();
        assert_eq!(failure, Failure::TooLarge);
    }
    let exact = with_fetch(streamed, Web::fetch(Request::get("https://a.example/", 5))).await.unwrap();
    assert_eq!(exact.body.len(), 5);
}

#[wasm_bindgen_test]
async fn redirects_and_what_throws_are_failures() {
    for (answer, expected) in [
        ("return Promise.resolve(new Response(null, { status: 302, headers: { location: '/' } }))", Failure::Redirect),
        ("return Promise.resolve({ type: 'opaqueredirect', status: 0 })", Failure::Redirect),
        ("return Promise.reject(new TypeError('no'))", Failure::Network),
        ("throw new TypeError('no')", Failure::Network),
        (
            "return Promise.resolve(new Response(new ReadableStream({ pull(c) { c.error(new TypeError('cut')) } })))",
            Failure::Network,
        ),
    ] {
        let failure = with_fetch(answer, Web::fetch(Request::get("https://a.example/", 4))).await.unwrap_err();
        assert_eq!(failure, expected, "{answer}");
    }
}

#[wasm_bindgen_test]
async fn an_errors_body_is_read_where_somebody_asks_for_it() {
    let answer = "return Promise.resolve(new Response('why', { status: 400 }))";
    let unread = with_fetch(answer, Web::fetch(Request::get("https://a.example/", 4))).await.unwrap();
    let read = with_fetch(answer, Web::fetch(Request::post("https://a.example/", String::new(), 4))).await.unwrap();
    assert_eq!((unread.status, unread.body.as_slice(), read.body.as_slice()), (400, b"".as_slice(), b"why".as_slice()));
}

#[wasm_bindgen_test]
async fn a_request_that_takes_too_long_is_broken_off() {
    let answer =
        "globalThis.broken = false; init.signal.addEventListener('abort', () => { globalThis.broken = true }); \
                  return new Promise(() => {})";
    let request = Request::get("https://a.example/", 4).with_timeout(Duration::from_millis(5));
    let failure = with_fetch(answer, Web::fetch(request)).await.unwrap_err();
    let broken = Reflect::get(&js_sys::global(), &JsValue::from_str("broken")).unwrap();
    assert_eq!((failure, broken.as_bool()), (Failure::Timeout, Some(true)));
}

#[wasm_bindgen_test]
async fn a_request_that_is_dropped_is_broken_off() {
    let answer =
        "globalThis.broken = false; init.signal.addEventListener('abort', () => { globalThis.broken = true }); \
                  return new Promise(() => {})";
    let dropped = async {
        let answer = Box::pin(Web::fetch(Request::get("https://a.example/", 4)));
        drop(race(answer, Web::sleep(Duration::from_millis(1))).await);
    };
    with_fetch(answer, dropped).await;
    let broken = Reflect::get(&js_sys::global(), &JsValue::from_str("broken")).unwrap();
    assert_eq!(broken.as_bool(), Some(true));
}

#[wasm_bindgen_test]
async fn secrets_check_signatures_of_each_hmac() {
    let secret = Secret::new([7; 64]);
    let jwk = Jwk::from_secret(secret).unwrap();
    for (algorithm, length) in [(Algorithm::HS256, 32), (Algorithm::HS384, 48), (Algorithm::HS512, 64)] {
        let key = is_send(Web::import(&jwk, algorithm)).await.unwrap().unwrap();
        assert!(!is_send(Web::check(&key, algorithm, &vec![0; length], b"text")).await.unwrap());
    }
}

#[wasm_bindgen_test]
async fn a_point_that_is_not_on_its_curve_is_refused() {
    let zeros = "A".repeat(42) + "E";
    let text = format!(r#"{{"kty":"EC","crv":"P-256","x":"{zeros}","y":"{zeros}"}}"#);
    let jwk = Jwk::from_value(&json::parse(text.as_bytes()).unwrap()).unwrap();
    assert!(Web::import(&jwk, Algorithm::ES256).await.unwrap().is_none());
}

#[wasm_bindgen_test]
async fn verdicts_go_to_whoever_asked_whatever_became_of_others() {
    let key = Web::import(&Jwk::from_secret(Secret::new([7; 64])).unwrap(), Algorithm::HS256).await.unwrap().unwrap();
    let good = good_signature().await;
    for round in 0..20_usize {
        let checks: Vec<_> = (0..100)
            .map(|n| {
                let signature = if (n + round) % 3 == 0 { good.clone() } else { vec![0; 32] };
                (n, Web::check(&key, Algorithm::HS256, &signature, b"text"))
            })
            .collect();
        for (n, check) in checks {
            // Some don't wait for theirs.
            if (n * 7 + round) % 5 > 0 {
                assert_eq!(check.await.unwrap(), (n + round) % 3 == 0, "{round} {n}");
            }
        }
    }
}

/// What WebCrypto itself makes of it.
async fn good_signature() -> Vec<u8> {
    let make = "return (async () => { \
         const hmac = { name: 'HMAC', hash: 'SHA-256' }; \
         const key = await crypto.subtle.importKey('raw', new Uint8Array(64).fill(7), hmac, false, ['sign']); \
         return new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode('text'))); })()";
    let promise: Promise = Function::new_no_args(make).call0(&JsValue::UNDEFINED).unwrap().unchecked_into();
    let made: Uint8Array = wasm_bindgen_futures::JsFuture::from(promise).await.unwrap().unchecked_into();
    made.to_vec()
}

#[wasm_bindgen_test]
async fn a_check_that_webcrypto_does_not_do_is_an_error_and_no_verdict() {
    // An HMAC key for another algorithm: the promise is rejected.
    let key = Web::import(&Jwk::from_secret(Secret::new([7; 64])).unwrap(), Algorithm::HS256).await.unwrap().unwrap();
    for _ in 0..3 {
        let error = Web::check(&key, Algorithm::ES256, &[0; 64], b"text").await.unwrap_err();
        assert_eq!(error.code(), crate::error::Code::Internal);
        assert!(!Web::check(&key, Algorithm::HS256, &[0; 32], b"text").await.unwrap());
    }
}

#[wasm_bindgen_test]
async fn a_fetch_of_the_pages_that_gives_no_answer_is_no_connection() {
    for answer in [
        "return Promise.resolve(null)",
        "return Promise.resolve(5)",
        "return Promise.resolve({ status: 200 })",
        "return Promise.resolve({ status: 200, headers: { entries: () => 5 } })",
        "return Promise.resolve({ status: 200, headers: new Headers(), body: {} })",
        "const read = new Response('{}'); return read.text().then(() => read)",
        "const held = new Response('{}'); held.body.getReader(); return Promise.resolve(held)",
    ] {
        let failure = with_fetch(answer, Web::fetch(Request::get("https://a.example/", 4))).await.unwrap_err();
        assert_eq!(failure, Failure::Network, "{answer}");
    }
}
