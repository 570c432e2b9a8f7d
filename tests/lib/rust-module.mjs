// A crate with a workspace of its own that depends on this one, as a module for Workers: cargo, then wasm-bindgen. Nothing of
// workers-rs is in it, which wraps each request in a macro of its own.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { locked, root } from "../../scripts/setup/cache.mjs";
import { must } from "../../scripts/setup/processes.mjs";
import { buildEnvironment, target } from "../../scripts/setup/rust.mjs";

// What Rust's wasm32 target uses of WebAssembly.
const used = [
  "bulk-memory",
  "nontrapping-float-to-int",
  "sign-ext",
  "mutable-globals",
  "reference-types",
  "multivalue",
].map((feature) => `--enable-${feature}`);

/**
 * Compiles the crate of a folder. Gives the folder that has its glue, `<name>.js`, and the modules for workerd by the names by
 * which they are imported: the glue of wasm-bindgen's `web` target is given a module, as workerd wants it.
 */
export function buildRust(crate, name, options = {}) {
  // One folder for all: what they have in common is compiled once.
  const targets = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "rust-users");
  return locked(() => buildIn(targets, crate, name, options), targets);
}

async function buildIn(targets, crate, name, { profile = "quick", features = [], flags = [], optimise }) {
  const env = await buildEnvironment();
  const chosen = features.length ? ["--features", features.join(",")] : [];
  await must("cargo", ["build", "--lib", "--target", target, "--profile", profile, ...chosen], {
    cwd: crate,
    // A folder of this repository has its .cargo/config.toml, which no user has.
    env: { ...env, CARGO_TARGET_DIR: targets, CARGO_ENCODED_RUSTFLAGS: "" },
    label: `cargo, ${name}`,
    whole: true,
  });
  const folder = join(targets, "bound", [name, profile, ...features].join("-"));
  mkdirSync(folder, { recursive: true });
  const compiled = join(targets, target, profile, `${name}.wasm`);
  await must("wasm-bindgen", ["--target=web", `--out-dir=${folder}`, ...flags, compiled], { env });
  const wasm = join(folder, `${name}_bg.wasm`);
  if (optimise) await must("wasm-opt", [...optimise, ...used, wasm, "-o", wasm], { env });
  // Its default loader fetches the module from beside it; bundlers would follow that.
  const glue = join(folder, `${name}.js`);
  writeFileSync(glue, readFileSync(glue, "utf8").replace(`new URL('${name}_bg.wasm', import.meta.url)`, "undefined"));
  return { folder, wasm, modules: { [`${name}.wasm`]: wasm } };
}
