//! The fuzz targets of `fuzz/` on stable Rust: the seeds, and what becomes of them when they are bent. The same inputs each time.
//!
//! `ARCGATE_FUZZ_INPUTS` sets how many inputs each target gets, `ARCGATE_FUZZ_SEED` which ones, and `ARCGATE_FUZZ_CORPUS` names a
//! folder that the seeds are written to, for cargo-fuzz. `ARCGATE_FUZZ_INPUT=target:file` runs one input.
#![allow(clippy::disallowed_methods, reason = "a test may ask the system")]
#![cfg(not(target_arch = "wasm32"))]

#[path = "../attacks/random.rs"]
mod random;
mod seeds;
#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "public for libFuzzer's side")]
mod targets;

use std::{fs, panic, path::Path};

use arcgate::sans_io::arcp::runtime::PRINCIPAL_SCHEME;
use serde_json::{json, Value};

use random::Random;

/// How many inputs each target gets: a few seconds of a debug build for all of them.
const INPUTS: [(&str, usize); 9] = [
    ("json", 20_000),
    ("jws", 4_000),
    ("envelope", 15_000),
    ("gate", 5_000),
    ("runtime", 4_000),
    ("client", 4_000),
    ("token", 8_000),
    ("sse", 10_000),
    ("revocation", 10_000),
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The hello that a gate says to the runtime for a step of a transcript.
fn hello(step: &Value) -> String {
    let features = step.get("features").cloned();
    let features = features.unwrap_or_else(|| json!(["ack", "list_jobs", "subscribe", "progress", "result_chunk"]));
    let mut payload = json!({
        "client": {"name": "a", "version": "1"},
        "auth": {"scheme": PRINCIPAL_SCHEME, "token": step["attach"].to_string()},
        "capabilities": {"encodings": ["json"], "features": features},
    });
    if let Some(resume) = step.get("resume") {
        payload["resume"] = resume.clone();
    }
    json!({"arcp": "1.1", "id": "01JTRANSCR1PTHELL00000000", "type": "session.hello", "payload": payload}).to_string()
}

/// Another input: a seed whose lines were left out, doubled, moved and taken from others, and whose bytes were changed.
fn bent(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    let seed = random.pick(seeds).clone();
    let mut lines: Vec<Vec<u8>> = seed.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    for _ in 0..random.below(6) {
        let (from, to) = (random.below(lines.len()), random.below(lines.len() + 1));
        match random.below(8) {
            0 if lines.len() > 1 => drop(lines.remove(from)),
            1 => lines.insert(to, lines[from].clone()),
            2 => {
                let line = lines.remove(from);
                lines.insert(to.min(lines.len()), line);
            }
            3 => {
                let other: Vec<&[u8]> = random.pick(seeds).split(|byte| *byte == b'\n').collect();
                let line = other[random.below(other.len())].to_vec();
                lines.insert(to, line);
            }
            4 => {
                // Again and again: what grows shows.
                let part = lines[from..(from + 1 + random.below(4)).min(lines.len())].to_vec();
                let parts = part.iter().cycle().take(part.len() * (1 + random.below(8))).cloned();
                lines.splice(to..to, parts.collect::<Vec<_>>());
            }
            5 => {
                // Time passes: a moment, a minute, a day.
                let millis = 1_usize << random.below(27);
                lines.insert(to, format!("t{millis}").into_bytes());
            }
            _ => {
                for _ in 0..=random.below(3) {
                    random.mutate(&mut lines[from]);
                }
            }
        }
    }
    lines.join(&b'\n')
}

fn fuzz(target: &str) {
    let seeds = seeds::of(target);
    if let Ok(folder) = std::env::var("ARCGATE_FUZZ_CORPUS") {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder).unwrap();
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed).unwrap();
        }
    }
    let inputs = INPUTS.iter().find(|(name, _)| *name == target).unwrap().1;
    let inputs = number("ARCGATE_FUZZ_INPUTS").map_or(inputs, |inputs| inputs as usize);
    let mut random = Random(number("ARCGATE_FUZZ_SEED").unwrap_or(1));
    let mut deep = 0;
    for at in 0..seeds.len() + inputs {
        let input = seeds.get(at).cloned().unwrap_or_else(|| bent(&mut random, &seeds));
        let Ok(is_deep) = panic::catch_unwind(|| targets::run(target, &input)) else {
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}"));
            fs::write(&path, &input).unwrap();
            let shown = String::from_utf8_lossy(&input[..input.len().min(2_000)]).into_owned();
            panic!("input {at} of {target}, which is kept in {}:\n{shown}", path.display());
        };
        deep += usize::from(is_deep);
    }
    // Not everything was turned away at the door.
    assert!(deep > inputs / 20, "{deep} of {inputs} inputs of {target} got anywhere");
}

#[test]
fn one_input() {
    let Ok(input) = std::env::var("ARCGATE_FUZZ_INPUT") else { return };
    let (target, file) = input.split_once(':').expect("target:file");
    targets::run(target, &fs::read(file).unwrap());
}

#[test]
fn json_is_strict() {
    fuzz("json");
}

#[test]
fn a_token_is_accepted_only_with_a_signature() {
    fuzz("jws");
}

#[test]
fn an_envelope_is_what_was_read() {
    fuzz("envelope");
}

#[test]
fn the_gate_holds() {
    fuzz("gate");
}

#[test]
fn the_runtime_holds() {
    fuzz("runtime");
}

#[test]
fn the_client_holds() {
    fuzz("client");
}

#[test]
fn the_token_manager_holds() {
    fuzz("token");
}

#[test]
fn events_end_where_they_are_cut() {
    fuzz("sse");
}

#[test]
fn what_is_revoked_is_refused() {
    fuzz("revocation");
}

#[test]
fn each_target_is_fuzzed_here_and_by_libfuzzer() {
    let names: Vec<_> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, INPUTS.map(|(name, _)| name));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml lacks {name}");
        assert!(root.join(format!("fuzz/fuzz_targets/{name}.rs")).exists(), "fuzz/fuzz_targets/{name}.rs");
    }
}
