//! Pages that sleep, are looked at again, are reloaded.

use arcgate::{
    tokens::{SessionStorage, Storage},
    TokenManager,
};
use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{machine, settle, World};

fn global(name: &str) -> Option<JsValue> {
    Reflect::get(&js_sys::global(), &name.into()).ok().filter(|value| !value.is_undefined())
}

#[wasm_bindgen_test]
async fn a_page_asleep_past_the_end_of_its_token_refreshes_once() {
    let world = World::of(600);
    let manager = TokenManager::new(machine(), world.options()).unwrap();
    assert_eq!(manager.token().await.unwrap(), "a1");
    // Its timers stand, and the clock goes on.
    world.sleep_for(8 * 3600);
    let (one, two) = (manager.token(), manager.token());
    assert_eq!(one.await.unwrap(), "a2");
    assert_eq!(two.await.unwrap(), "a2");
    for _ in 0..5 {
        settle().await;
    }
    assert_eq!((manager.token().await.unwrap().as_str(), world.asked()), ("a2", 2));
}

#[wasm_bindgen_test]
async fn a_page_that_is_looked_at_again_refreshes_once_and_before_anybody_asks() {
    // Node has no pages.
    if global("document").is_none() {
        return;
    }
    let world = World::of(600);
    let manager = TokenManager::new(machine(), world.options()).unwrap();
    manager.token().await.unwrap();
    world.sleep_for(595);
    for name in ["focus", "online", "pageshow"] {
        let event: Function = global("Event").unwrap().unchecked_into();
        let event = Reflect::construct(&event, &js_sys::Array::of1(&name.into())).unwrap();
        let dispatch: Function = global("dispatchEvent").unwrap().unchecked_into();
        dispatch.call1(&js_sys::global(), &event).unwrap();
    }
    settle().await;
    settle().await;
    assert_eq!(world.asked(), 2);
    assert_eq!(manager.token().await.unwrap(), "a2");
    // Once it is gone nobody listens.
    drop(manager);
    world.sleep_for(595);
    let event: Function = global("Event").unwrap().unchecked_into();
    let event = Reflect::construct(&event, &js_sys::Array::of1(&"focus".into())).unwrap();
    let dispatch: Function = global("dispatchEvent").unwrap().unchecked_into();
    dispatch.call1(&js_sys::global(), &event).unwrap();
    settle().await;
    assert_eq!(world.asked(), 2);
}

#[wasm_bindgen_test]
async fn a_timer_refreshes_what_is_used_before_its_end() {
    // By the platform's own clock: half of its life before its end.
    let world = World::of(2);
    let options = world.provider().refresh_lead(std::time::Duration::from_secs(1));
    let manager = TokenManager::new(machine(), options).unwrap();
    assert_eq!(manager.token().await.unwrap(), "a1");
    // Its end must not come before the test looks.
    world.0.life.set(3600);
    while world.asked() < 2 {
        settle().await;
    }
    settle().await;
    assert_eq!(manager.token().await.unwrap(), "a2");
}

#[wasm_bindgen_test]
async fn tokens_survive_a_reload_where_there_is_a_tabs_storage() {
    let world = World::of(3600);
    let storage = SessionStorage::new("tokens of a test");
    let with_storage = || TokenManager::new(machine(), world.options().storage(storage.clone())).unwrap();
    assert_eq!(with_storage().token().await.unwrap(), "a1");
    let has_storage = storage.load().await.is_ok_and(|tokens| tokens.is_some());
    assert_eq!(has_storage, global("document").is_some());
    // The next manager is as good as the one of the page that was loaded again.
    let expected = if has_storage { "a1" } else { "a2" };
    let next = with_storage();
    assert_eq!(next.token().await.unwrap(), expected);
    if has_storage {
        next.revoke().await.unwrap_err();
        assert_eq!(storage.load().await, Ok(None));
    }
}
