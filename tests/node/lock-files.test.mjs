// The lock files of the projects beside the crate: wasm-bindgen's command-line tool serves one version of its crate, and the set-up has
// one tool.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { lockedVersion } from "../../scripts/setup/rust.mjs";

const isForeign = /(^|\/)(node_modules|target|build|dist)(\/|$)/;

const locks = ["examples", "tests", "fuzz"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith("Cargo.lock") && !isForeign.test(path))
    .map((path) => join(folder, path)),
);

test("each project in Rust has the wasm-bindgen that the set-up has the tool for", () => {
  const wanted = lockedVersion("wasm-bindgen");
  for (const path of locks) {
    const found = readFileSync(join(root, path), "utf8").match(/name = "wasm-bindgen"\nversion = "([^"]+)"/)?.[1];
    if (found !== undefined)
      assert.equal(found, wanted, `${path}: run cargo update -p wasm-bindgen --precise ${wanted} there`);
  }
  assert.ok(locks.includes("examples/rust-worker/Cargo.lock"), locks.join());
});
