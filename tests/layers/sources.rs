//! The files of `src/`, and where their modules stand.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::code::{paths, strip};

/// A file of `src/`.
pub(super) struct Source {
    pub path: PathBuf,
    /// The path of its module below `crate`: `["jose", "jwk"]`.
    pub module: Vec<String>,
    /// Its text without comments, strings and characters.
    pub code: String,
}

impl Source {
    /// The top-level module that it belongs to.
    pub(super) fn top(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    /// The code before the module of its tests, and that module's.
    pub(super) fn parts(&self) -> (&str, &str) {
        self.code.split_at(self.code.find("#[cfg(test)]\nmod ").unwrap_or(self.code.len()))
    }

    /// All that it names within the crate, as paths below `crate`.
    pub(super) fn uses(&self) -> Vec<Vec<String>> {
        let (own, tests) = self.parts();
        let mut inside = self.module.clone();
        inside.push("tests".to_owned());
        absolute(own, &self.module).chain(absolute(tests, &inside)).collect()
    }

    /// As [`Self::uses`], without its tests.
    pub(super) fn uses_itself(&self) -> Vec<Vec<String>> {
        absolute(self.parts().0, &self.module).collect()
    }
}

/// The paths that the code of a module names, below `crate`.
fn absolute<'m>(code: &str, module: &'m [String]) -> impl Iterator<Item = Vec<String>> + use<'m> {
    paths(code).into_iter().map(|path| {
        let mut whole = Vec::new();
        for (at, segment) in path.into_iter().enumerate() {
            match segment.as_str() {
                "crate" => {}
                "self" if at == 0 => whole.extend_from_slice(module),
                "self" => {}
                "super" => {
                    if at == 0 {
                        whole.extend_from_slice(module);
                    }
                    whole.pop();
                }
                _ => whole.push(segment),
            }
        }
        whole
    })
}

/// The layers of the modules of one folder.
pub(super) struct Order {
    /// The path of the folder's module below `crate`.
    pub module: Vec<String>,
    pub layer: BTreeMap<String, usize>,
}

impl Order {
    pub(super) fn read(file: &Path, module: &[&str]) -> Self {
        let mut layer = BTreeMap::new();
        let mut present = 0;
        for line in fs::read_to_string(file).unwrap().lines() {
            let line = line.trim();
            let inner = ["pub ", "pub(crate) "].into_iter().find_map(|visible| line.strip_prefix(visible));
            let declared = inner.unwrap_or(line).strip_prefix("mod ").and_then(|l| l.strip_suffix(';'));
            match declared {
                Some(module) => drop(layer.insert(module.to_owned(), present)),
                None if line.is_empty() => present += 1,
                None => {}
            }
        }
        Self { module: module.iter().map(|&name| name.to_owned()).collect(), layer }
    }

    /// Which module of this order a path leads to.
    pub(super) fn module_of<'p>(&self, path: &'p [String]) -> Option<&'p str> {
        let first = path.strip_prefix(self.module.as_slice())?.first()?;
        self.layer.contains_key(first).then_some(first.as_str())
    }
}

pub(super) fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

pub(super) fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![src()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(src()).unwrap().with_extension("");
                let mut module: Vec<String> = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
                if module.last().is_some_and(|last| last == "mod" || last == "lib") {
                    module.pop();
                }
                let code = strip(&fs::read_to_string(&path).unwrap());
                found.push(Source { path, module, code });
            }
        }
    }
    assert!(found.len() > 20, "src/ was not found");
    found
}
