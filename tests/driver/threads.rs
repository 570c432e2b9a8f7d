//! Many threads and one verifier.

use std::{
    sync::{
        atomic::{AtomicUsize, Ordering},
        Arc,
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
};

use arcgate::{fetch::Response, JwtVerifier, Provider, Time};

use super::*;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn run<T>(future: impl std::future::Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn threads_share_a_verifier_and_its_one_fetch() {
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    let verifier = JwtVerifier::builder()
        .provider("a", Provider::jwks_uri(world::ISSUER, "https://issuer.example/jwks").audience("me"))
        .clock(|| Time::from_millis(1.8e12))
        .fetch(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            async { Ok(Response::new(200, keys(&[1, 2]))) }
        })
        .build()
        .unwrap();
    thread::scope(|scope| {
        for worker in 0..8 {
            let verifier = verifier.clone();
            scope.spawn(move || {
                for n in 0..50 {
                    let subject = format!("{worker}-{n}");
                    let verified = run(verifier.verify(&token(1 + n % 2, &subject))).unwrap();
                    assert_eq!(verified.principal().id(), subject);
                    assert!(run(verifier.verify(&world::signed(3, "1", &subject))).is_err());
                }
            });
        }
    });
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}
