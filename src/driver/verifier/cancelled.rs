//! WebCrypto answers later: callers that end while it imports a key, or checks a signature.

use std::{
    future::{poll_fn, Future},
    mem,
    pin::pin,
    task::Poll,
};

use ::jwt_compact::{
    alg::{Hs256, Hs256Key},
    Algorithm as _, AlgorithmSignature as _,
};
use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{JwtVerifier, Provider};
use crate::{error::Code, time::Time};

const SECRET: [u8; 32] = [7; 32];

fn verifier() -> JwtVerifier {
    JwtVerifier::builder()
        .provider("a", Provider::secret("https://issuer.example", SECRET).audience("me"))
        .clock(|| Time::from_millis(1.8e12))
        .build()
        .unwrap()
}

fn token(subject: &str) -> String {
    let claims =
        format!(r#"{{"iss":"https://issuer.example","aud":"me","sub":"{subject}","iat":1799999990,"exp":1800000500}}"#);
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#), URL_SAFE_NO_PAD.encode(claims));
    let signature = Hs256.sign(&Hs256Key::new(SECRET), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_bytes()))
}

/// Polls once.
async fn begin<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    poll_fn(|context| {
        Poll::Ready(match pin!(&mut *future).poll(context) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        })
    })
    .await
}

#[wasm_bindgen_test]
async fn a_key_that_two_hand_over_at_once_serves_both_and_all() {
    let verifier = verifier();
    let (one, two) = (token("1"), token("2"));
    let (mut one, mut two) = (Box::pin(verifier.verify(&one)), Box::pin(verifier.verify(&two)));
    assert!(begin(&mut one).await.is_none() && begin(&mut two).await.is_none());
    assert_eq!((two.await.unwrap().principal().id(), one.await.unwrap().principal().id()), ("2", "1"));
}

#[wasm_bindgen_test]
async fn callers_that_end_while_a_key_is_imported_are_missed_by_nobody() {
    let verifier = verifier();
    let tokens: Vec<_> = (0..10).map(|n| token(&n.to_string())).collect();
    for (n, token) in tokens.iter().enumerate() {
        let mut ending = Box::pin(verifier.verify(token));
        assert!(begin(&mut ending).await.is_none());
        if n % 2 == 0 {
            drop(ending);
        } else {
            mem::forget(ending);
        }
    }
    assert!(verifier.verify(&token("after")).await.is_ok());
}

#[wasm_bindgen_test]
async fn callers_that_end_while_a_signature_is_checked_make_room() {
    let verifier = verifier();
    assert!(verifier.verify(&token("first")).await.is_ok());
    for n in 0..5000 {
        let token = token(&n.to_string());
        let mut ending = Box::pin(verifier.verify(&token));
        assert!(begin(&mut ending).await.is_none());
    }
    assert!(verifier.verify(&token("after")).await.is_ok());
}

#[wasm_bindgen_test]
async fn a_token_seen_before_waits_for_nothing() {
    let verifier = verifier();
    let token = token("again");
    assert!(verifier.verify(&token).await.is_ok());
    let mut again = Box::pin(verifier.verify(&token));
    assert!(begin(&mut again).await.unwrap().is_ok());
}

#[wasm_bindgen_test]
async fn a_forgery_is_refused_and_does_not_stand_for_the_token() {
    let verifier = verifier();
    let good = token("a");
    let forged = format!("{}{}", &good[..good.len() - 4], "AAAA");
    assert_eq!(verifier.verify(&forged).await.unwrap_err().code(), Code::TokenSignature);
    assert!(verifier.verify(&good).await.is_ok());
    assert_eq!(verifier.verify(&forged).await.unwrap_err().code(), Code::TokenSignature);
}
