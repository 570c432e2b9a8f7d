// Command-line tools written in Rust, each in a folder of the cache by name and version.

import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache, cached } from "./cache.mjs";
import { must } from "./processes.mjs";
import { requireCargo, requireLinker, tools } from "./rust.mjs";

// Tools that run for a second needn't be compiled for speed: this takes a third of the time.
const profile = {
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "1",
  CARGO_PROFILE_RELEASE_LTO: "off",
  CARGO_PROFILE_RELEASE_DEBUG: "0",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
  CARGO_TARGET_DIR: join(cache, "target"),
};

/** Whether a tool is in the cache. */
export function hasTool(name) {
  return existsSync(join(cached(name, tools[name].version()), "bin", tools[name].binary));
}

export async function installTool(name, say) {
  requireCargo();
  requireLinker();
  const version = tools[name].version();
  say("compiling, some minutes, once a version");
  // Not --locked: wasm-bindgen-cli's lock file has named crates that the registry did not have.
  await must("cargo", ["install", name, "--version", `=${version}`, "--root", cached(name, version)], {
    cwd: cache,
    env: profile,
    label: `cargo install ${name}`,
    onLine: say,
  });
  // What the build left behind; the tool stays.
  rmSync(profile.CARGO_TARGET_DIR, { recursive: true, force: true });
}
