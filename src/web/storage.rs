//! A tab's own storage.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = sessionStorage, js_name = getItem)]
    fn get_item(key: &str) -> Result<Option<String>, JsValue>;
    #[wasm_bindgen(catch, js_namespace = sessionStorage, js_name = setItem)]
    fn set_item(key: &str, value: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(catch, js_namespace = sessionStorage, js_name = removeItem)]
    fn remove_item(key: &str) -> Result<(), JsValue>;
}

/// What stands under a key. `Err`: there is no such storage, or it is shut.
pub(crate) fn get(key: &str) -> Result<Option<String>, ()> {
    get_item(key).map_err(drop)
}

/// Puts a text under a key. `Err`: there is no room, or no such storage.
pub(crate) fn put(key: &str, text: &str) -> Result<(), ()> {
    set_item(key, text).map_err(drop)
}

/// Leaves nothing under a key.
pub(crate) fn remove(key: &str) -> Result<(), ()> {
    remove_item(key).map_err(drop)
}
