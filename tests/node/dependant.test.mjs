// The crate as a neighbour: a program that depends on it exports its own names only, is as small as what it uses, and its
// `main` runs.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { must } from "../../scripts/setup/processes.mjs";
import { buildEnvironment, target } from "../../scripts/setup/rust.mjs";

const CEILING = 10_000;

test("a program that depends on the crate has nothing of the npm package in it", { timeout: 300_000 }, async () => {
  const folder = join(root, "tests/dependant");
  const targets = join(root, "target/dependant");
  const env = { ...(await buildEnvironment()), CARGO_TARGET_DIR: targets, RUSTFLAGS: "-Cstrip=symbols" };
  await must("cargo", ["build", "--release", "--target", target], { cwd: folder, env, whole: true });
  const bytes = readFileSync(join(targets, target, "release/dependant.wasm"));
  assert.ok(bytes.length <= CEILING, `${bytes.length} bytes`);
  const module = new WebAssembly.Module(bytes);
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
  assert.deepEqual(functions.map(({ name }) => name).sort(), ["in_a_minute", "main", "runs"]);
  const { exports } = new WebAssembly.Instance(module);
  exports.main();
  assert.equal(exports.runs(), 1);
  assert.equal(exports.in_a_minute(1000), 61_000);
});
