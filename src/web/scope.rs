//! What this place is: a page, a Worker, a server.

use std::sync::OnceLock;

use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// How requests name whoever makes them, as a field's value. `None` in browsers, which name themselves, and ask the other origin's
/// permission first for whoever does it in their place. Workers say nothing by themselves, and firewalls in front of providers
/// refuse whoever doesn't.
pub(crate) fn own_name() -> Option<&'static str> {
    static IS_BROWSER: OnceLock<bool> = OnceLock::new();
    let is_browser = *IS_BROWSER.get_or_init(|| user_agent().is_some_and(|name| name.starts_with("Mozilla/")));
    (!is_browser).then_some(concat!("arcgate/", env!("CARGO_PKG_VERSION")))
}

/// Whether timers end with the request that set them.
pub(crate) fn has_timers() -> bool {
    static HAS_TIMERS: OnceLock<bool> = OnceLock::new();
    *HAS_TIMERS.get_or_init(|| user_agent().as_deref() != Some("Cloudflare-Workers"))
}

fn user_agent() -> Option<String> {
    let navigator = member(&js_sys::global(), "navigator")?;
    member(&navigator, "userAgent")?.as_string()
}

/// A member of an object; `None` if it is not there.
pub(crate) fn member(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &JsValue::from_str(name)).ok().filter(|value| !value.is_undefined() && !value.is_null())
}
