//! No input is without a scenario: read from the sources, so that a new one can't be forgotten.

use std::{fs, path::Path};

/// Where a machine is, and where its scenarios are.
const MACHINES: [(&str, &[&str]); 7] = [
    ("src/arcp/client", &["client.rs", "client_requests.rs"]),
    ("src/arcp/gate", &["gate.rs", "gate_ends.rs"]),
    ("src/arcp/hold", &["hold.rs"]),
    ("src/arcp/runtime", &["runtime.rs"]),
    ("src/jose/jwks_cache", &["jwks.rs"]),
    ("src/jose/verify", &["verifier.rs"]),
    ("src/token/manager", &["token.rs", "token_tasks.rs", "token_logins.rs"]),
];

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The public inputs of a source.
fn inputs(source: &str) -> Vec<&str> {
    let named = source.lines().filter_map(|line| line.trim_start().strip_prefix("pub fn handle_"));
    named.filter_map(|rest| rest.split(['(', '<']).next()).collect()
}

#[test]
fn every_machine_is_here() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && read(&path).lines().any(|line| line.starts_with("impl Machine for "))
            {
                found.push(path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }
    found.sort();
    assert_eq!(found, MACHINES.map(|(folder, _)| format!("{folder}/mod.rs")));
}

#[test]
fn every_input_has_a_scenario() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, scenarios) in MACHINES {
        let scenarios: String = scenarios.iter().map(|name| read(&root.join("tests/machine").join(name))).collect();
        let source = read(&root.join(folder).join("mod.rs"));
        let names = inputs(&source);
        assert!(names.len() >= 3, "{folder}: {names:?}");
        for name in names {
            assert!(scenarios.contains(&format!(".handle_{name}(")), "{folder}: no scenario for handle_{name}");
        }
    }
}

#[test]
fn inputs_stand_in_the_first_file_of_a_machine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, _) in MACHINES {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path.file_name().is_some_and(|name| name != "mod.rs") {
                assert_eq!(inputs(&read(&path)), Vec::<&str>::new(), "{}", path.display());
            }
        }
    }
}
