// The crate as a neighbour in programs of Rust's own users.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { must } from "../../scripts/setup/processes.mjs";
import { buildEnvironment, target } from "../../scripts/setup/rust.mjs";
import { bindgen, rustConsumer } from "../lib/rust-consumer.mjs";

// What wasm-bindgen adds to every module.
const glue =
  /^__wb(indgen|g)_|^wasm_bindgen__|^__(abort_handler|instance_terminated|externref_|heap_base|data_end)|^memory$/;

test("a program in the web's world exports only its own names, and its main runs", { timeout: 600_000 }, async () => {
  const crate = await rustConsumer({ folder: "tests/dependant-web" });
  const out = mkdtempSync(join(tmpdir(), "arcgate-glue-"));
  try {
    const wasm = await crate.build("dependant-web");
    await bindgen(wasm, out, crate);
    const module = new WebAssembly.Module(readFileSync(join(out, "dependant-web_bg.wasm")));
    const exported = WebAssembly.Module.exports(module)
      .map(({ name }) => name)
      .filter((name) => !glue.test(name));
    assert.deepEqual(exported.sort(), ["in_a_minute", "main", "runs", "verdict"]);
    const program = createRequire(import.meta.url)(join(out, "dependant-web.js"));
    assert.deepEqual(Object.keys(program).sort(), ["in_a_minute", "runs", "verdict"]);
    const { runs, in_a_minute: inAMinute } = program;
    assert.equal(runs(), 1);
    assert.equal(inAMinute(1000), 61_000);
  } finally {
    crate.remove();
    rmSync(out, { recursive: true, force: true });
  }
});

// The names of all crates that a build of these features has in it; build scripts and macros run elsewhere.
async function tree(...features) {
  const args = ["tree", "--target", target, "--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
  const env = await buildEnvironment();
  const { stdout } = await must("cargo", [...args, "--no-default-features", ...features], { cwd: root, env });
  return new Set(stdout.split("\n").map((line) => line.split(" ")[0]));
}

describe("what a build has in it", () => {
  const rustsOwn = [
    "web-sys",
    "wasm-bindgen-futures",
    "send_wrapper",
    "serde",
    "serde_json",
    "serde-wasm-bindgen",
    "serde_path_to_error",
  ];
  const others = ["getrandom", "jwt-compact", "http", "tower-layer", "tower-service"];

  test("the package's modules: nothing that is there for programs in Rust", async () => {
    for (const surface of ["verify", "client", "gate"]) {
      const found = await tree("--features", `npm,${surface}`);
      assert.ok(found.has("wasm-bindgen") && found.has("js-sys"), [...found].join(" "));
      for (const crate of [...rustsOwn, ...others]) assert.ok(!found.has(crate), `${surface} has ${crate}`);
    }
  });

  test("the core alone: constant-time comparison, and nothing else", async () => {
    assert.deepEqual([...(await tree())].filter(Boolean).sort(), ["arcgate", "subtle"]);
  });

  test("a program in the web's world: serde only where it is asked for, and no crypto", async () => {
    const plain = await tree("--features", "web");
    for (const crate of ["serde", "serde_json", "jwt-compact", "console_error_panic_hook", "http"])
      assert.ok(!plain.has(crate), `web has ${crate}`);
    const most = await tree("--features", "web,serde,serde-wasm-bindgen,tower");
    for (const crate of ["jwt-compact", "sha2", "p256", "ed25519-dalek", "rsa", "ring"])
      assert.ok(!most.has(crate), `web has ${crate}`);
  });
});
