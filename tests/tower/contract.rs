//! What tower's contract and its users' bounds ask of a layer.

use std::{
    convert::Infallible,
    future::{ready, Ready},
    task::{Context, Poll},
    thread,
};

use arcgate::tower::{BearerAuth, BearerAuthFuture, BearerAuthService};
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::{asked, bearing, block_on, oneshot, token, verifier, Behind};

/// Must be asked whether it is ready, and a clone anew.
#[derive(Default)]
struct Reserved {
    is_ready: bool,
}

impl Clone for Reserved {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<String>> for Reserved {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<String>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called without a place");
        ready(Ok(Response::new(String::new())))
    }
}

#[test]
fn the_service_that_said_it_is_ready_is_the_one_that_is_called() {
    let mut service = BearerAuth::new(verifier()).layer(Reserved::default());
    for _ in 0..3 {
        let request = bearing(&token());
        let answer = block_on(async {
            let Ok(()) = std::future::poll_fn(|context| service.poll_ready(context)).await;
            service.call(request).await
        });
        assert_eq!(answer.map(|response| response.status().as_u16()), Ok(200));
    }
}

/// axum's bounds of a layer, of its service, and of that one's future.
#[test]
fn axum_takes_it() {
    fn is_layer<L>(_: &L)
    where
        L: Layer<Behind> + Clone + Send + Sync + 'static,
        L::Service:
            Service<Request<String>, Response = Response<String>, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<String>>>::Future: Send + 'static,
    {
    }
    is_layer(&BearerAuth::new(verifier()));
    fn is_send<T: Send + 'static>() {}
    is_send::<BearerAuthFuture<Behind, String>>();
}

#[test]
fn one_layer_serves_many_threads() {
    let service = BearerAuth::new(verifier()).layer(Behind::default());
    let token = token();
    let ask = |service: BearerAuthService<Behind>| {
        let token = token.clone();
        move || (0..50).all(|_| block_on(oneshot(service.clone(), bearing(&token))).status() == 200)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask(service.clone()))).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    });
}

#[test]
fn dropped_midway_it_leaves_nothing_behind() {
    let behind = Behind::default();
    let mut service = BearerAuth::new(verifier()).layer(behind.clone());
    drop(service.call(bearing(&token())));
    assert!(behind.seen.lock().unwrap().is_empty());
    assert_eq!(asked(service, bearing(&token())).0, 200);
}

#[test]
fn debug_shows_what_is_asked_for_and_nothing_secret() {
    let mut service = BearerAuth::new(verifier()).scopes(["read"]).layer(Behind::default());
    let shown = format!("{service:?} {:?}", service.call(bearing(&token())));
    assert!(shown.contains("read") && !shown.contains(&token()) && !shown.contains("0123456789"), "{shown}");
}
