// What a bare machine lacks: asked for by part, installed once, kept by version outside the work tree.
//
//   node scripts/setup.mjs [cargo] [npm] [wasm] [clippy] [pack] [worker] [deny] [mutants] [browsers] [python]     all without arguments

import { fileURLToPath } from "node:url";
import { hasBrowsers, installBrowsers } from "./setup/browsers.mjs";
import { cache, locked } from "./setup/cache.mjs";
import { hasTool, installTool } from "./setup/cargo-tools.mjs";
import { hasClippy, installClippy } from "./setup/clippy.mjs";
import { hasNpmPackages, installNpmPackages } from "./setup/npm-packages.mjs";
import { hasPython, installPython } from "./setup/python.mjs";
import { requireCargo, requireLinker, settleToolchain, tools } from "./setup/rust.mjs";
import { hasStdSource, installStdSource } from "./setup/std-source.mjs";
import { main, Stop, step } from "./setup/steps.mjs";
import { hasWasmStd, installWasmStd } from "./setup/wasm-std.mjs";

// What a part consists of: what it is for, whether it is there, and what brings it.
const tool = (name) => ({
  name,
  purpose: tools[name].purpose,
  isThere: () => hasTool(name),
  install: (say) => installTool(name, say),
});
const npm = {
  name: "npm packages",
  purpose: "the development tools, and Node 22 for wrangler",
  isThere: hasNpmPackages,
  install: installNpmPackages,
};
const wasmStd = {
  name: "wasm32 std",
  purpose: "Rust's standard library for WebAssembly",
  isThere: hasWasmStd,
  install: installWasmStd,
};
const stdSource = {
  name: "std's source",
  purpose: "the same, compiled for modules that are downloaded",
  isThere: () => hasStdSource(),
  install: installStdSource,
};
const clippy = { name: "clippy", purpose: "Rust's formatter and linter", isThere: hasClippy, install: installClippy };
const browsers = {
  name: "browsers",
  purpose: "Chromium and Firefox, for tests in real browsers",
  isThere: hasBrowsers,
  install: installBrowsers,
};
const python = {
  name: "python",
  purpose: "the ARC and ARCP SDKs, as the peers in end-to-end tests",
  isThere: hasPython,
  install: installPython,
};

const parts = {
  // Rust itself is never installed here: without it the set-up stops with a line that says how to get it.
  cargo: [],
  npm: [npm],
  wasm: [wasmStd, stdSource, tool("wasm-bindgen-cli")],
  clippy: [clippy],
  pack: [tool("wasm-pack")],
  worker: [tool("worker-build")],
  deny: [tool("cargo-deny")],
  mutants: [tool("cargo-mutants")],
  browsers: [browsers, tool("geckodriver")],
  python: [python],
};

// Asked for by name only: what the everyday suites don't need.
const apart = ["mutants"];

/** Installs the named parts. */
export async function setup(wanted = Object.keys(parts).filter((name) => !apart.includes(name))) {
  const unknown = wanted.filter((name) => !parts[name]);
  if (unknown.length) throw new Stop(`no such part: ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    throw new Stop(`Node ${process.versions.node} is too old: install Node 20.19 or newer`);
  if (wanted.some((name) => name !== "npm" && name !== "python")) requireCargo();
  if (wanted.includes("cargo")) requireLinker();
  console.log(`Set-up (what is slow to build is kept in ${cache})`);
  await settleToolchain();
  for (const part of Object.keys(parts).filter((name) => wanted.includes(name)))
    for (const piece of parts[part]) await provide(piece);
}

// Whoever finds all there waits for nobody; of those who don't, one installs, and the others look again.
function provide({ name, purpose, isThere, install }) {
  return step(name, purpose, async (say) => {
    if (await isThere()) return "already there";
    return locked(async () => ((await isThere()) ? "already there" : install(say)));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const named = process.argv.slice(2);
  await main(() => setup(named.length ? named : undefined));
}
