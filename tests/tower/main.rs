//! The layer for services, as axum and hyper use it: who is let in, what the service behind sees, what others are answered.
#![cfg(all(feature = "tower", feature = "jwt-compact", not(target_arch = "wasm32")))]

mod contract;
mod requests;

use std::{
    convert::Infallible,
    future::{poll_fn, ready, Future, Ready},
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use arcgate::{JwtVerifier, Principal, Provider, Time, VerifiedToken};
use http::{Request, Response};
use jwt_compact::{
    alg::{Hs256, Hs256Key},
    AlgorithmExt as _, Claims, Header,
};
use serde_json::{json, Value};
use tower_service::Service;

const NOW: i64 = 1_800_000_000;
const SECRET: [u8; 32] = *b"0123456789abcdef0123456789abcdef";

fn verifier() -> JwtVerifier {
    let provider = Provider::secret("https://issuer.example", SECRET).audience("https://api.example");
    let now = Time::from_millis(NOW as f64 * 1000.0);
    JwtVerifier::builder().provider("main", provider).clock(move || now).build().unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "https://issuer.example", "aud": "https://api.example", "sub": "alice",
        "scope": "read more", "iat": NOW - 60, "exp": NOW + 60,
    })
}

fn signed(claims: Value) -> String {
    Hs256.token(&Header::empty(), &Claims::new(claims), &Hs256Key::new(SECRET)).unwrap()
}

fn token() -> String {
    signed(claims())
}

fn request(fields: &[&str], uri: &str) -> Request<String> {
    let request = Request::builder().uri(format!("https://api.example{uri}"));
    let request = fields.iter().fold(request, |request, field| request.header("authorization", *field));
    request.body("what was sent".to_owned()).unwrap()
}

fn bearing(token: &str) -> Request<String> {
    request(&[&format!("Bearer {token}")], "/")
}

/// A service that says who it was asked by, and keeps what it saw.
#[derive(Clone, Default)]
struct Behind {
    seen: Arc<Mutex<Vec<Caller>>>,
}

type Caller = Option<(Principal, VerifiedToken)>;

impl Service<Request<String>> for Behind {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        let principal = request.extensions().get::<Principal>().cloned();
        let id = principal.as_ref().map_or("nobody", Principal::id).to_owned();
        self.seen.lock().unwrap().push(principal.zip(request.extensions().get::<VerifiedToken>().cloned()));
        ready(Ok(Response::new(format!("{id}: {}", request.body()))))
    }
}

/// Asks a service once, as tower has it: when it is ready, and not before.
async fn oneshot<S: Service<Request<String>, Response = Response<String>, Error = Infallible>>(
    mut service: S,
    request: Request<String>,
) -> Response<String> {
    let Ok(()) = poll_fn(|context| service.poll_ready(context)).await;
    let Ok(response) = service.call(request).await;
    response
}

fn asked<S: Service<Request<String>, Response = Response<String>, Error = Infallible>>(
    service: S,
    request: Request<String>,
) -> (u16, String) {
    let response = block_on(oneshot(service, request));
    (response.status().as_u16(), response.into_body())
}

fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}
