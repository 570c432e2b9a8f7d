// What a bare machine lacks: asked for by part, installed once, kept by version outside the work tree.
//
//   node scripts/setup.mjs [cargo] [npm] [wasm] [clippy] [pack] [deny] [browsers] [python]     all without arguments

import { fileURLToPath } from "node:url";
import { installBrowsers } from "./setup/browsers.mjs";
import { cache, locked } from "./setup/cache.mjs";
import { dropBuildFolder, hasTool, installTool } from "./setup/cargo-tools.mjs";
import { installClippy } from "./setup/clippy.mjs";
import { installNpmPackages } from "./setup/npm-packages.mjs";
import { installPython } from "./setup/python.mjs";
import { requireCargo, requireLinker, tools } from "./setup/rust.mjs";
import { main, Stop, step } from "./setup/steps.mjs";
import { installWasmStd } from "./setup/wasm-std.mjs";

const tool = (name) => () => step(name, tools[name].purpose, (say) => installTool(name, say));

const parts = {
  // Rust itself is never installed here: without it the set-up stops with a line that says how to get it.
  cargo: [],
  npm: [() => step("npm packages", "the development tools, and Node 22 for wrangler", installNpmPackages)],
  wasm: [() => step("wasm32 std", "Rust's standard library for WebAssembly", installWasmStd), tool("wasm-bindgen-cli")],
  clippy: [() => step("clippy", "Rust's formatter and linter", installClippy)],
  pack: [tool("wasm-pack")],
  deny: [tool("cargo-deny")],
  browsers: [
    () => step("browsers", "Chromium and Firefox, for tests in real browsers", installBrowsers),
    tool("geckodriver"),
  ],
  python: [() => step("python", "the ARC and ARCP SDKs, as the peers in end-to-end tests", installPython)],
};

/** Installs the named parts. */
export async function setup(wanted = Object.keys(parts)) {
  const unknown = wanted.filter((name) => !parts[name]);
  if (unknown.length) throw new Stop(`no such part: ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20) throw new Stop(`Node ${process.versions.node} is too old: install Node 20 or newer`);
  if (wanted.some((name) => name !== "npm" && name !== "python")) requireCargo();
  if (wanted.includes("cargo")) requireLinker();
  console.log(`Set-up (what is slow to build is kept in ${cache})`);
  await locked(async () => {
    const before = Object.keys(tools).filter(hasTool).length;
    for (const name of Object.keys(parts))
      if (wanted.includes(name)) for (const install of parts[name]) await install();
    if (Object.keys(tools).filter(hasTool).length > before) dropBuildFolder();
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const named = process.argv.slice(2);
  await main(() => setup(named.length ? named : undefined));
}
