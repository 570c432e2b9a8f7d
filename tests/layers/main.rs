//! The layers: data flows one way, and only `src/js` and `src/web` know the platform.
//!
//! The order is that of the `mod` lines in `src/lib.rs`, and within a folder that of its `mod.rs`: modules that stand together
//! without an empty line between them are of one layer, and a layer uses itself and those above it.
#![cfg(not(target_arch = "wasm32"))]

mod circles;
mod code;
mod sources;

use code::{paths, strip, words};
use sources::{sources, src, Order};

/// What belongs to the platform; `web_sys` and the like, as crates and as their types.
const PLATFORM: [&str; 7] = [
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "js_sys",
    "web_sys",
    "serde_wasm_bindgen",
    "console_error_panic_hook",
    "JsValue",
];

/// The folders that may name it.
const PLATFORM_LAYERS: [&str; 2] = ["js", "web"];

#[test]
fn only_web_and_js_know_the_platform() {
    let mut found = Vec::new();
    for source in sources() {
        if PLATFORM_LAYERS.contains(&source.top()) {
            continue;
        }
        found.extend(platform_names(&source.code).into_iter().map(|name| format!("{}: {name}", source.path.display())));
    }
    assert!(found.is_empty(), "the core knows no platform:\n{}", found.join("\n"));
}

#[test]
fn a_module_uses_only_those_above_it() {
    let mut wrong = Vec::new();
    for order in orders() {
        for source in sources() {
            let Some(own) = order.module_of(&source.module) else { continue };
            for path in source.uses() {
                let Some(used) = order.module_of(&path) else { continue };
                if order.layer[used] > order.layer[own] {
                    wrong.push(format!("{}: {own} uses {used}, which stands below it", source.path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "data flows one way:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let [order, _] = orders();
    for source in sources() {
        if source.top() != "lib" {
            assert!(order.layer.contains_key(source.top()), "{} is not in src/lib.rs", source.path.display());
        }
    }
    assert!(
        order.layer.len() > 8 && order.layer["json"] < order.layer["jose"] && order.layer["jose"] < order.layer["js"]
    );
}

#[test]
fn the_checks_themselves_see_what_they_should() {
    let stripped = strip("use a::b; // web_sys\n/* js_sys */ let x = \"wasm_bindgen\"; let c = '\"'; use web_sys::X;");
    assert_eq!(stripped.matches("web_sys").count(), 1);
    assert!(!stripped.contains("js_sys") && !stripped.contains("wasm_bindgen"));
    assert_eq!(platform_names("fn f() -> JsValue { js_sys::eval() } fn my_web_sys_thing() {}"), ["js_sys", "JsValue"]);
    let found = |code| paths(code).into_iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(
        found("use crate::{a::{b, c}, d}; use crate::e; super::super::f(); x::super::y; use self::{g::h as i, j::*};"),
        ["crate::a::b", "crate::a::c", "crate::d", "crate::e", "super::super::f", "self::g::h::i", "self::j::"]
    );
}

/// The order of the crate, and of each folder whose `mod.rs` keeps one.
fn orders() -> [Order; 2] {
    [Order::read(&src().join("lib.rs"), &[]), Order::read(&src().join("jose/mod.rs"), &["jose"])]
}

fn platform_names(code: &str) -> Vec<&'static str> {
    let words = words(code);
    PLATFORM.into_iter().filter(|name| words.contains(name)).collect()
}
