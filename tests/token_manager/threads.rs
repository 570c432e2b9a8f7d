//! Many threads, one manager.

use std::{
    future::Future,
    pin::pin,
    sync::{mpsc, Arc},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use arcgate::{
    fetch::{Failure, Request, Response},
    tokens::{Options, Source},
    TokenManager,
};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(ended) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return ended;
        }
        thread::park();
    }
}

/// Ends with its tenth poll, each on whatever thread there is.
async fn slowly(_: Request) -> Result<Response, Failure> {
    let mut polls = 0;
    std::future::poll_fn(|context| {
        polls += 1;
        context.waker().wake_by_ref();
        if polls == 10 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    Ok(Response::new(200, r#"{"access_token":"a","expires_in":3600}"#))
}

#[test]
fn threads_that_ask_at_once_cost_one_request() {
    fn is_shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    for _ in 0..50 {
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        // No pause ends, so that nobody goes on by a bound: whoever is not woken waits for ever.
        let options = Options::new().sleep(|_| std::future::pending()).fetch(move |request| {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            slowly(request)
        });
        let source = Source::client_credentials_at("https://i.example/token", "c").client_secret("s");
        let manager = TokenManager::new(source, options).unwrap();
        is_shared(&manager);
        let (tell, told) = mpsc::channel();
        for _ in 0..8 {
            let (manager, tell) = (manager.clone(), tell.clone());
            let ask = move || tell.send(block_on(manager.token()));
            thread::Builder::new().spawn(ask).unwrap();
        }
        for _ in 0..8 {
            // Nobody joins the threads: one that waits for ever would hold up all that is tested, and not say why.
            let token = told.recv_timeout(Duration::from_secs(60)).expect("a thread waits, and nobody wakes it");
            assert_eq!(token.unwrap(), "a");
        }
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
