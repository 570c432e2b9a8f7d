//! The layers: data flows one way, and only `src/js` knows the platform.
//!
//! The order is that of the `mod` lines in `src/lib.rs`, and within a folder that of its `mod.rs`: modules that stand together
//! without an empty line between them are of one layer, and a layer uses itself and those above it.
#![cfg(not(target_arch = "wasm32"))]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

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
const PLATFORM_LAYERS: [&str; 1] = ["js"];

#[test]
fn only_web_and_js_know_the_platform() {
    let mut found = Vec::new();
    for source in sources() {
        if PLATFORM_LAYERS.contains(&source.module.as_str()) {
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
        for source in sources().iter().filter(|source| source.path.starts_with(&order.folder)) {
            let Some(own) = order.module_of(&source.path) else { continue };
            for used in order.used_by(source) {
                if order.layer[&used] > order.layer[&own] {
                    wrong.push(format!("{}: {own} uses {used}, which stands below it", source.path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "data flows one way:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let order = Order::read(&src().join("lib.rs"), &src(), "crate");
    for source in sources() {
        if source.module != "lib" {
            assert!(order.layer.contains_key(&source.module), "{} is not in src/lib.rs", source.path.display());
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
    assert_eq!(paths("use crate::{a::{b, c}, d}; crate::e::f(); use super::{g::h, i};", "crate"), ["a", "d", "e"]);
    assert_eq!(paths("use crate::{a::{b, c}, d}; super::j::k(); use super::{g::h, i};", "super"), ["j", "g", "i"]);
}

struct Source {
    path: PathBuf,
    /// The top-level module that it belongs to.
    module: String,
    /// Its text without comments, strings and characters.
    code: String,
}

/// The layers of the modules of one folder.
struct Order {
    folder: PathBuf,
    /// The path by which the code names the folder's module: `crate`, `crate::jose`.
    name: String,
    layer: BTreeMap<String, usize>,
}

impl Order {
    fn read(file: &Path, folder: &Path, name: &str) -> Self {
        let mut layer = BTreeMap::new();
        let mut present = 0;
        for line in fs::read_to_string(file).unwrap().lines() {
            let line = line.trim();
            let declared =
                line.strip_prefix("pub ").unwrap_or(line).strip_prefix("mod ").and_then(|l| l.strip_suffix(';'));
            match declared {
                Some(module) => drop(layer.insert(module.to_owned(), present)),
                None if line.is_empty() => present += 1,
                None => {}
            }
        }
        Self { folder: folder.to_owned(), name: name.to_owned(), layer }
    }

    fn module_of(&self, path: &Path) -> Option<String> {
        let inside = path.strip_prefix(&self.folder).ok()?;
        let first = inside.components().next()?.as_os_str().to_str()?.trim_end_matches(".rs");
        self.layer.contains_key(first).then(|| first.to_owned())
    }

    /// The modules of this order that a file names.
    fn used_by(&self, source: &Source) -> Vec<String> {
        let mut used = Vec::new();
        if let Some(parent) = self.name.strip_prefix("crate::") {
            used.extend(paths_within(&source.code, parent));
            // A file directly in the folder reaches its siblings by `super`; one a folder deeper, by `super::super`.
            let depth = source.path.strip_prefix(&self.folder).map_or(0, |inside| inside.components().count());
            let is_root = source.path.file_name().is_some_and(|name| name == "mod.rs");
            let supers = vec!["super"; depth.saturating_sub(usize::from(is_root))].join("::");
            if !supers.is_empty() {
                used.extend(paths(&without_tests(&source.code), &supers));
            }
        } else {
            used.extend(paths(&source.code, "crate"));
        }
        used.retain(|module| self.layer.contains_key(module));
        used
    }
}

/// The order of the crate, and of each folder whose `mod.rs` declares modules.
fn orders() -> Vec<Order> {
    let mut orders = vec![Order::read(&src().join("lib.rs"), &src(), "crate")];
    let jose = src().join("jose");
    orders.push(Order::read(&jose.join("mod.rs"), &jose, "crate::jose"));
    orders
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(src()).unwrap();
                let module = inside.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
                let code = strip(&fs::read_to_string(&path).unwrap());
                found.push(Source { module: module.to_owned(), path, code });
            }
        }
    }
    assert!(found.len() > 20, "src/ was not found");
    found
}

fn platform_names(code: &str) -> Vec<&'static str> {
    let words = words(code);
    PLATFORM.into_iter().filter(|name| words.contains(name)).collect()
}

/// Code in which names can be looked for as whole words.
struct Words<'c>(&'c str);

const fn words(code: &str) -> Words<'_> {
    Words(code)
}

impl Words<'_> {
    fn contains(&self, name: &str) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        self.0.match_indices(name).any(|(at, _)| {
            let before = self.0[..at].chars().next_back().is_some_and(is_word);
            let after = self.0[at + name.len()..].chars().next().is_some_and(is_word);
            (!before || !name.starts_with(is_word)) && (!after || !name.ends_with(is_word))
        })
    }
}

/// The first names behind `root::`, in expressions and in (nested) `use` lists.
fn paths(code: &str, root: &str) -> Vec<String> {
    let mut found = Vec::new();
    let prefix = format!("{root}::");
    for (at, _) in code.match_indices(&prefix) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        found.extend(firsts(&code[at + prefix.len()..]));
    }
    found
}

/// As [`paths`], for `crate::parent::name` in any of its spellings.
fn paths_within(code: &str, parent: &str) -> Vec<String> {
    let mut found = paths(code, &format!("crate::{parent}"));
    for (at, _) in code.match_indices("crate::{") {
        let list = braced(&code[at + "crate::".len()..]);
        for item in items(list) {
            if let Some(rest) = item.strip_prefix(&format!("{parent}::")) {
                found.extend(firsts(rest));
            }
        }
    }
    found
}

/// The name that a path begins with, or the names that the list at its beginning holds.
fn firsts(path: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    if path.starts_with('{') {
        return items(braced(path)).into_iter().map(|item| name(&item)).collect();
    }
    vec![name(path)]
}

/// What stands between a brace at the beginning and the one that closes it.
fn braced(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return &text[1..at],
            '}' => depth -= 1,
            _ => {}
        }
    }
    ""
}

/// The items of a list, nested lists left whole.
fn items(list: &str) -> Vec<String> {
    let (mut items, mut depth) = (vec![String::new()], 0);
    for c in list.chars() {
        match c {
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

/// The code before the module of its tests.
fn without_tests(code: &str) -> String {
    code.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned()
}

/// The code without comments, and without what strings and character literals hold.
fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = literal(rest) {
            out.push_str("\"\"");
            length
        } else {
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[skip..];
    }
    out
}

/// The length of the string or character literal at the beginning of `text`.
fn literal(text: &str) -> Option<usize> {
    if let Some(raw) = text.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let body = &raw[hashes + 1..];
            return Some(2 + hashes + body.find(&end).map_or(body.len(), |at| at + end.len()));
        }
        return None;
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + c.len_utf8()),
            _ => {}
        }
        // A lifetime is no character.
        let chars = text[1..at + c.len_utf8()].chars().count();
        if quote == '\'' && chars > 1 && !text.starts_with("'\\") {
            return None;
        }
    }
    None
}
