//! Both sides of the boundary to JavaScript know the same numbers: each `numbers.ts` in `npm` is what `src/seam.rs` says, `npm/arcp/close-codes.ts` what `src/arcp/close.rs` does, and
//! `npm/arcp/runtime/limits.ts` what `src/arcp/runtime/limits.rs` does.
#![cfg(not(target_arch = "wasm32"))]

use std::{fs, path::Path};

use arcgate::sans_io::{
    arcp::{
        runtime::{Bounds, CONFIGURABLE},
        Close,
    },
    jose::alg::Algorithm,
    seam::{arcp_client, arcp_runtime, revocation, token, verify, Number},
};

/// The numbers as a module of TypeScript.
fn typescript(whose: &str, numbers: &[Number]) -> String {
    let mut out = format!(
        "// The numbers that the core's {whose} and JavaScript share. Written from src/seam.rs, by\n\
         // ARCGATE_WRITE=1 cargo test --test seam\n",
    );
    for Number { name, value, meaning } in numbers {
        out.push_str(&format!("\n/**{meaning} */\nexport const {name} = {value};\n"));
    }
    out
}

/// The close codes of ARCP as a module of TypeScript.
fn close_codes() -> String {
    let mut out = String::from(
        "// The close codes of ARCP, and the reasons that go with them. Written from src/arcp/close.rs, by\n\
         // ARCGATE_WRITE=1 cargo test --test seam\n\n",
    );
    for (name, close) in Close::ALL {
        out.push_str(&format!("export const {name} = {{ code: {}, reason: \"{}\" }};\n", close.code(), close.reason()));
    }
    out
}

/// What a deployment may set of a hub's limits, as a module of TypeScript.
fn hub_limits() -> String {
    let mut out = String::from(
        "// What a deployment may set of a hub's limits: default, least, most. Written from src/arcp/runtime/limits.rs, by\n\
         // ARCGATE_WRITE=1 cargo test --test seam\n\nexport const bounds = {\n",
    );
    for Bounds { name, default, least, most } in CONFIGURABLE {
        out.push_str(&format!("  {name}: [{default}, {least}, {most}],\n"));
    }
    out + "} as const;\n"
}

#[test]
#[allow(clippy::disallowed_methods, reason = "it writes a file when it is told to")]
fn javascript_has_the_same_numbers() {
    for (file, text) in [
        ("npm/verify/numbers.ts", typescript("verifier", verify::NUMBERS)),
        ("npm/token/numbers.ts", typescript("token manager", token::NUMBERS)),
        ("npm/arcp/client/numbers.ts", typescript("ARCP client", arcp_client::NUMBERS)),
        ("npm/arcp/runtime/numbers.ts", typescript("hub", arcp_runtime::NUMBERS)),
        ("npm/worker/numbers.ts", typescript("replica of the revocations", revocation::NUMBERS)),
        ("npm/arcp/close-codes.ts", close_codes()),
        ("npm/arcp/runtime/limits.ts", hub_limits()),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if std::env::var_os("ARCGATE_WRITE").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let fix = "write it anew: ARCGATE_WRITE=1 cargo test --test seam";
        assert!(fs::read_to_string(&path).unwrap_or_default() == text, "{file} is not what the core says: {fix}");
    }
}

#[test]
fn the_numbers_that_javascript_relies_on_are_there() {
    for name in ["REFUSED", "VERIFIED", "CHECK", "FETCH", "WAIT", "IMPORT", "REGISTERS", "MAX_TOKEN"] {
        assert!(verify::NUMBERS.iter().any(|number| number.name == name), "{name}");
    }
    assert!(typescript("verifier", verify::NUMBERS)
        .contains("\n/** A step: the token is good. */\nexport const VERIFIED = 1;\n"));
}

#[test]
fn webcrypto_has_the_algorithms_in_the_order_of_their_numbers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("npm/verify/webcrypto.js");
    let source = fs::read_to_string(path).unwrap();
    let table = source.split_once("const algorithms = [\n").and_then(|(_, rest)| rest.split_once("\n];")).unwrap().0;
    let families = [("hmac", "HS"), ("pkcs1", "RS"), ("pss", "PS")];
    let mut names = Vec::new();
    for line in table.lines().map(str::trim) {
        if let Some((_, letters)) =
            families.iter().find(|(family, _)| line == format!("...[256, 384, 512].map({family}),"))
        {
            names.extend([256, 384, 512].map(|bits| format!("{letters}{bits}")));
        } else if let Some((_, bits)) =
            line.strip_prefix("ecdsa(").and_then(|rest| rest.trim_end_matches("),").split_once(", "))
        {
            names.push(format!("ES{bits}"));
        } else {
            assert_eq!(line, r#"{ key: { name: "Ed25519" }, verify: "Ed25519" },"#);
            names.push("Ed25519".to_owned());
        }
    }
    let numbered: Vec<_> = Algorithm::ALL.iter().map(|algorithm| format!("{algorithm:?}")).collect();
    assert_eq!(names, numbered);
    assert!(Algorithm::ALL.iter().enumerate().all(|(number, algorithm)| *algorithm as usize == number));
}
