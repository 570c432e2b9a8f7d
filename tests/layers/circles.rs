//! The files of a folder use each other in one direction.
//!
//! A folder's `mod.rs` is what the folder is about: a machine's type and its public methods stand there, so it uses the files below
//! it and they use it, and that is no circle. But what it only passes on (`pub use relay::Flow`, `use self::job::Job`) belongs to
//! the file that has it: who says `super::Flow` uses `relay`. A folder within a folder counts as one module there.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    code::expand,
    sources::{sources, Source},
};

#[test]
fn files_of_a_folder_use_each_other_in_one_direction() {
    let sources = sources();
    let folders: BTreeSet<&[String]> =
        sources.iter().filter_map(|source| source.module.split_last()).map(|(_, folder)| folder).collect();
    let mut found = Vec::new();
    for folder in folders {
        let circle = circle_of(&graph(folder, &sources));
        if !circle.is_empty() {
            found.push(format!("src/{}: {}", folder.join("/"), circle.join(" -> ")));
        }
    }
    assert!(found.is_empty(), "modules use each other:\n{}", found.join("\n"));
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let file = |name: &str, code: &str| Source {
        path: name.into(),
        module: ["a"].iter().chain(&[name]).filter(|part| !part.is_empty()).map(|&part| part.to_owned()).collect(),
        code: code.to_owned(),
    };
    let folder = ["a".to_owned()];
    let found = |of_mod: &str, of_b: &str, of_c: &str| {
        circle_of(&graph(&folder, &[file("", of_mod), file("b", of_b), file("c", of_c), file("d", "use super::b::X;")]))
    };
    assert_eq!(found("", "use super::c::X;", "use crate::{x, a::{b, y}};"), ["b", "c", "b"]);
    assert_eq!(found("", "use super::{Own, c};", "fn f() { super::d::g() }"), ["b", "c", "d", "b"]);
    assert_eq!(found("pub use c::{self, Y as X};", "use super::X;", "use super::b;"), ["b", "c", "b"]);
    assert_eq!(found("use self::c::X;", "use super::X;", "use super::b;"), ["b", "c", "b"]);
    let none: [&str; 0] = [];
    assert_eq!(found("pub struct X; use c::Z;", "use super::X;", "use super::{b, X};"), none);
    assert_eq!(found("", "#[cfg(test)]\nmod tests { use super::super::c; }", "use super::b;"), none);
    assert_eq!(found("", "use super::super::c;", "use super::b;"), none);
}

type Graph<'s> = BTreeMap<&'s str, BTreeSet<String>>;

/// Which module of a folder uses which.
fn graph<'s>(folder: &[String], sources: &'s [Source]) -> Graph<'s> {
    let mut graph: Graph<'s> = BTreeMap::new();
    for source in sources {
        if let Some([module, ..]) = source.module.strip_prefix(folder) {
            graph.entry(module).or_default();
        }
    }
    let owner = sources.iter().find(|source| source.module == folder);
    let passed_on = owner.map(|owner| passed_on(owner, &graph)).unwrap_or_default();
    for source in sources {
        let Some([module, ..]) = source.module.strip_prefix(folder) else { continue };
        for path in source.uses_itself() {
            let Some([first, ..]) = path.strip_prefix(folder) else { continue };
            let used = passed_on.get(first).unwrap_or(first);
            if used != module && graph.contains_key(used.as_str()) {
                graph.entry(module).or_default().insert(used.clone());
            }
        }
    }
    graph
}

/// The names that a `mod.rs` has from the modules below it.
fn passed_on(owner: &Source, graph: &Graph<'_>) -> BTreeMap<String, String> {
    let (code, _) = owner.parts();
    let mut paths = Vec::new();
    for (at, _) in code.match_indices("use ") {
        expand(&code[at + "use ".len()..], &mut Vec::new(), &mut paths);
    }
    let inside = paths.iter().map(|path| path.strip_prefix(&["self".to_owned()][..]).unwrap_or(path));
    let names = inside.filter_map(|path| match path {
        [module, .., name] if graph.contains_key(module.as_str()) => Some((name.clone(), module.clone())),
        _ => None,
    });
    names.collect()
}

/// The modules of a circle, with its beginning at its end; nothing where there is none.
fn circle_of(graph: &Graph<'_>) -> Vec<String> {
    for start in graph.keys() {
        let mut ways = vec![vec![(*start).to_owned()]];
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop() {
            for next in way.last().and_then(|last| graph.get(last.as_str())).into_iter().flatten() {
                let longer = way.iter().chain([next]).cloned().collect();
                if next == start {
                    return longer;
                }
                if seen.insert(next) {
                    ways.push(longer);
                }
            }
        }
    }
    Vec::new()
}
