//! Many callers, and those who leave.

use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc, task::Context};

use arcgate::{fetch::BoxFuture, tokens::Request, Error, TokenManager};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{machine, person, settle, World};

type Call = Pin<Box<dyn Future<Output = Result<String, Error>>>>;

fn begin(manager: &TokenManager) -> Call {
    let mut call: Call = Box::pin(manager.token());
    let waker = std::task::Waker::noop();
    assert!(call.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
    call
}

#[wasm_bindgen_test]
async fn a_thousand_callers_cost_one_request() {
    let world = World::of(3600);
    let open = world.hold();
    let manager = TokenManager::new(machine(), world.options()).unwrap();
    let got = Rc::new(RefCell::new(Vec::new()));
    for _ in 0..1000 {
        let (manager, got) = (manager.clone(), Rc::clone(&got));
        spawn_local(async move {
            let token = manager.token().await;
            got.borrow_mut().push(token);
        });
    }
    settle().await;
    assert_eq!((world.asked(), got.borrow().len()), (1, 0));
    open.call0(&JsValue::UNDEFINED).unwrap();
    settle().await;
    assert_eq!(got.borrow().iter().filter(|token| token.as_deref() == Ok("a1")).count(), 1000);
    assert_eq!(world.asked(), 1);
}

#[wasm_bindgen_test]
async fn whoever_leaves_leaves_the_request_to_the_others() {
    let world = World::of(3600);
    let manager = TokenManager::new(person(), world.options()).unwrap();
    for turns in 0..4 {
        let open = world.hold();
        let first = begin(&manager);
        for _ in 0..turns {
            settle().await;
        }
        drop(first);
        let second = manager.token();
        open.call0(&JsValue::UNDEFINED).unwrap();
        let number = turns + 1;
        assert_eq!(second.await.unwrap(), format!("a{number}"));
        assert_eq!(world.asked(), number);
        assert!(world.body(turns).contains(&format!("refresh_token=r{turns}&")), "{}", world.body(turns));
        manager.invalidate(&format!("a{number}"));
        world.sleep_for(100);
    }
}

#[wasm_bindgen_test]
async fn a_caller_who_is_never_polled_again_keeps_nobody_from_a_token() {
    let world = World::of(3600);
    let open = world.hold();
    let manager = TokenManager::new(machine(), world.options()).unwrap();
    std::mem::forget(begin(&manager));
    open.call0(&JsValue::UNDEFINED).unwrap();
    assert_eq!(manager.token().await.unwrap(), "a1");
    assert_eq!(world.asked(), 1);
}

#[wasm_bindgen_test]
async fn work_that_nobody_goes_on_with_is_taken_over_within_the_bound() {
    let world = World::of(3600);
    let options = world.options().timeout(std::time::Duration::from_millis(10));
    let manager = TokenManager::new(machine(), options).unwrap();
    // As on Workers, when the request that it belongs to is cancelled.
    let cancelled = manager.wait_until(|work: BoxFuture<'static, ()>| std::mem::forget(work));
    std::mem::forget(begin(&cancelled));
    // The clock is the test's: it is told that the time has passed.
    world.sleep_for(2);
    assert_eq!(manager.token().await.unwrap(), "a1");
    assert_eq!(world.asked(), 1);
}

#[wasm_bindgen_test]
async fn what_is_kept_alive_outlives_whoever_asked() {
    let world = World::of(3600);
    let kept: Rc<RefCell<Vec<BoxFuture<'static, ()>>>> = Rc::default();
    let keep = Rc::clone(&kept);
    let manager = TokenManager::new(person(), world.options()).unwrap();
    let of_request = manager.wait_until(move |work| keep.borrow_mut().push(work));
    drop(begin(&of_request));
    let work = kept.borrow_mut().pop().unwrap();
    work.await;
    assert_eq!((manager.token().await.unwrap().as_str(), world.asked()), ("a1", 1));
}

#[wasm_bindgen_test]
async fn a_fresh_token_is_one_that_was_asked_for_after_the_call() {
    let world = World::of(3600);
    let manager = TokenManager::new(machine(), world.options()).unwrap();
    manager.token().await.unwrap();
    world.sleep_for(1);
    let fresh = || manager.token_with(Request::new().fresh());
    let (one, two) = (fresh(), fresh());
    assert_eq!(one.await.unwrap(), "a2");
    assert_eq!(manager.token().await.unwrap(), "a2");
    drop(two);
}
