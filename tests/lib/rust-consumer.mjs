// Crates of somebody else's, which use this one: built outside of the checkout, so that nothing of its .cargo/config.toml reaches
// them, by cargo as its users call it. What cargo makes of them is kept in the cache: a clean checkout doesn't compile it all again.

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cached, locked, root } from "../../scripts/setup/cache.mjs";
import { must, run } from "../../scripts/setup/processes.mjs";
import { buildEnvironment, target } from "../../scripts/setup/rust.mjs";

// Variables, not flags: what `cargo build` makes is what it makes for anybody, but for the tables of a debugger.
const quick = { CARGO_PROFILE_DEV_DEBUG: "false", CARGO_INCREMENTAL: "0", CARGO_TERM_COLOR: "never" };

const kept = cached("rust-consumers", "2");
const checkout = createHash("sha256").update(root).digest("hex").slice(0, 8);

/**
 * An empty folder outside of the checkout, by a name that is the same every time: cargo knows a crate by its path, and what it made of
 * one that never comes again would stay.
 */
export function rustFolder(name) {
  const place = join(kept, "crates", checkout, name);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  return place;
}

/**
 * A copy of `folder` (of this checkout), with more `files`: path -> text. `arcgate = { path = … }` in its manifest leads to
 * `crate`, this checkout's root unless told otherwise. Versions are those of its own Cargo.lock, or else this repository's: the
 * tool that writes wasm-bindgen's glue is of one version with the crate. `env`: variables of cargo's.
 */
export async function rustConsumer({ folder, name = basename(folder), files = {}, crate = root, env: more = {} }) {
  const release = await hold(join(kept, "crates", checkout, `${name}.held`));
  const place = rustFolder(name);
  if (folder) cpSync(join(root, folder), place, { recursive: true, filter: (path) => !/\/target$/.test(path) });
  else cpSync(join(root, "Cargo.lock"), join(place, "Cargo.lock"));
  // The compiler that the set-up gave the wasm32 target to.
  cpSync(join(root, "rust-toolchain.toml"), join(place, "rust-toolchain.toml"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    writeFileSync(join(place, path), text);
  }
  const manifest = join(place, "Cargo.toml");
  const text = readFileSync(manifest, "utf8");
  writeFileSync(manifest, text.replace(/(arcgate = \{ path = )"[^"]*"/g, `$1${JSON.stringify(crate)}`));

  // Each crate has its own: what cargo makes of arcgate, which is a cdylib by a path, has one name whatever it was linked with, and of
  // two crates with dependencies of different features the second would find the first one's.
  const targets = join(kept, "targets", name);
  const env = { ...(await buildEnvironment()), ...quick, ...more, CARGO_TARGET_DIR: targets };
  // Whoever runs the tests may have some of their own.
  for (const name of ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"]) env[name] = undefined;
  const cargo = (...args) => must("cargo", args, { cwd: place, env, whole: true });

  return {
    place,
    env,
    cargo,
    /** Like `cargo`, for what may fail. */
    tried: (...args) => run("cargo", args, { cwd: place, env }),
    /** `cargo build --target wasm32-unknown-unknown`, and no flag more but those given; the path of a module. A library's name has underscores. */
    async build(name, ...more) {
      await cargo("build", "--target", target, ...more);
      return join(targets, target, more.includes("--release") ? "release" : "debug", `${name}.wasm`);
    },
    remove() {
      rmSync(place, { recursive: true, force: true });
      release();
    },
  };
}

// Two test files may use one crate, and what is built of it has one name: the second waits until the first has removed it, or ends.
function hold(folder) {
  return new Promise((resolve) => locked(() => new Promise((release) => resolve(release)), folder));
}

/** wasm-bindgen's glue for a module, into `folder`, for `--target` nodejs or web. */
export async function bindgen(wasm, folder, { to = "nodejs", name, env }) {
  const named = name ? [`--out-name=${name}`] : [];
  await must("wasm-bindgen", [`--target=${to}`, `--out-dir=${folder}`, ...named, wasm], { env });
}
