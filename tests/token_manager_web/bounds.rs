//! What a program hands in and what never ends: it holds nobody for longer than it may take.

use std::{cell::Cell, future::pending, rc::Rc, time::Duration};

use arcgate::{
    tokens::{CallbackError, Options, Source, Storage},
    Code, TokenManager,
};
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{machine, pause, World};

/// The platform's timers, in a two-hundredth of their time.
fn hurried(options: Options) -> Options {
    options.sleep(|length: Duration| pause(u32::try_from(length.as_millis() / 200).unwrap_or(u32::MAX)))
}

struct Silent;

impl Storage for Silent {
    type Error = ();

    async fn load(&self) -> Result<Option<String>, ()> {
        pending().await
    }

    async fn store(&self, _: &str) -> Result<(), ()> {
        pending().await
    }

    async fn delete(&self) -> Result<(), ()> {
        pending().await
    }
}

#[wasm_bindgen_test]
async fn a_callback_that_never_ends_is_an_outage_for_all_who_wait() {
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    let source = Source::callback(move |_| {
        count.set(count.get() + 1);
        pending::<Result<String, CallbackError>>()
    });
    let manager = TokenManager::new(source, hurried(World::of(3600).options())).unwrap();
    let refused = Rc::new(Cell::new(0));
    for _ in 0..10 {
        let (manager, refused) = (manager.clone(), Rc::clone(&refused));
        spawn_local(async move {
            let error = manager.token().await.unwrap_err();
            assert_eq!((error.code(), error.is_retryable()), (Code::RefreshUnavailable, true));
            refused.set(refused.get() + 1);
        });
    }
    assert_eq!(manager.token().await.unwrap_err().code(), Code::RefreshUnavailable);
    super::settle().await;
    assert_eq!((asked.get(), refused.get()), (1, 10));
}

#[wasm_bindgen_test]
async fn a_storage_that_never_ends_costs_nobody_a_token() {
    let world = World::of(3600);
    let manager = TokenManager::new(machine(), hurried(world.options()).storage(Silent)).unwrap();
    assert_eq!(manager.token().await.unwrap(), "a1");
    manager.set_token("t").await.unwrap();
    assert_eq!(manager.token().await.unwrap(), "t");
    assert_eq!(world.asked(), 1);
}
