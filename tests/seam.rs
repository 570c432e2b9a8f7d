//! Both sides of the boundary to JavaScript know the same numbers: `npm/verify/numbers.ts` is what `src/seam.rs` says.
#![cfg(not(target_arch = "wasm32"))]

use std::{fs, path::Path};

use arcgate::seam::{verify, Number};

/// The numbers as a module of TypeScript.
fn typescript(numbers: &[Number]) -> String {
    let mut out = String::from(
        "// The numbers that the core's verifier and JavaScript share. Written from src/seam.rs, by\n\
         // ARCGATE_WRITE=1 cargo test --test seam\n",
    );
    for Number { name, value, meaning } in numbers {
        out.push_str(&format!("\n/**{meaning} */\nexport const {name} = {value};\n"));
    }
    out
}

#[test]
#[allow(clippy::disallowed_methods, reason = "it writes a file when it is told to")]
fn javascript_has_the_same_numbers() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/verify/numbers.ts");
    let text = typescript(verify::NUMBERS);
    if std::env::var_os("ARCGATE_WRITE").is_some() {
        fs::write(&file, &text).unwrap();
    }
    let told = "write it anew: ARCGATE_WRITE=1 cargo test --test seam";
    assert!(
        fs::read_to_string(&file).unwrap_or_default() == text,
        "npm/verify/numbers.ts is not what src/seam.rs says: {told}"
    );
}

#[test]
fn the_numbers_that_javascript_relies_on_are_there() {
    for name in ["REFUSED", "VERIFIED", "CHECK", "FETCH", "WAIT", "IMPORT", "REGISTERS", "MAX_TOKEN"] {
        assert!(verify::NUMBERS.iter().any(|number| number.name == name), "{name}");
    }
    assert!(typescript(verify::NUMBERS).contains("\n/** A step: the token is good. */\nexport const VERIFIED = 1;\n"));
}
