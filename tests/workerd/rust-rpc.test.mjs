// A Worker in Rust as workers-rs builds it, before another Worker of the same account: what that one may call by RPC is the Worker's
// own. workers-rs makes a method of whatever the module exports, and so the crate exports nothing.

import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/setup/cache.mjs";
import { buildRustWorker } from "../lib/rust-worker.mjs";
import { freePort } from "../lib/worker.mjs";
import { runWorkerd } from "../lib/workerd.mjs";

let built;
let caller;

const config = (port) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "caller", worker = .caller),
    (name = "rust", worker = .rust),
    (name = "careless", worker = .careless),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "caller")],
);
const caller :Workerd.Worker = (
  modules = [(name = "caller.js", esModule = embed "caller.js")],
  bindings = [(name = "RUST", service = "rust"), (name = "CARELESS", service = "careless")],
  compatibilityDate = "2026-10-01",
);
const rust :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js"), (name = "index_bg.wasm", wasm = embed "index_bg.wasm")],
  compatibilityDate = "2026-10-01",
);
const careless :Workerd.Worker = (
  modules = [(name = "careless.js", esModule = embed "careless.js")],
  compatibilityDate = "2026-10-01",
);
`;

before(async () => {
  built = await buildRustWorker(join(root, "examples/rust-worker"));
  const folder = mkdtempSync(join(tmpdir(), "arcgate-rpc-"));
  const port = await freePort();
  for (const name of ["index.js", "index_bg.wasm"]) copyFileSync(join(built, name), join(folder, name));
  for (const name of ["caller.js", "careless.js"]) {
    copyFileSync(fileURLToPath(new URL(`rust-rpc/${name}`, import.meta.url)), join(folder, name));
  }
  writeFileSync(join(folder, "config.capnp"), config(port));
  const onClose = () => rmSync(folder, { recursive: true, force: true });
  caller = await runWorkerd(["serve", join(folder, "config.capnp")], { port, cwd: folder, onClose });
});
after(() => caller?.close());

// Those of workers-rs and of its streams, which every Worker that it builds has.
const isTheirs = (name) =>
  /^init$|containerstartupoptions|minifyconfig|r2range|worker_init_state|intounderlying(byte)?(source|sink)/.test(name);
const isGlue = (name) =>
  /^(memory$|__abort_handler$|__wbindgen_|__externref_|__instance_|__wbg_reset_state|wasm_bindgen__convert__)/.test(
    name,
  );

const exported = () =>
  WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(join(built, "index_bg.wasm")))).map(
    ({ name }) => name,
  );

async function call(binding, paths) {
  const response = await fetch(caller.url, { method: "POST", body: JSON.stringify({ binding, paths }) });
  assert.equal(response.status, 200);
  return response.json();
}

test("what a module exports carelessly is answered: the caller can call", async () => {
  assert.deepEqual(await call("CARELESS", ["verify"]), [{ path: "verify", answered: "verified" }]);
});

test("the module of a Worker that verifies exports its own `fetch`, and what workers-rs has everywhere", () => {
  assert.ok(readFileSync(join(built, "index_bg.wasm")).includes("arcgate/"), "the crate is in it");
  assert.deepEqual(
    exported().filter((name) => !isGlue(name) && !isTheirs(name)),
    ["fetch"],
  );
});

test("nothing of the crate answers another Worker's call", async () => {
  // Names of what the crate has, and of what a module might export of it.
  const names = ["verify", "authenticate", "token", "submit", "JwtVerifier", "TokenManager", "ArcpClient", "arcgate"];
  const all = [...new Set([...names, ...exported()])].filter((name) => name !== "fetch");
  // workers-rs keeps the module's exports in a member.
  const paths = all.flatMap((name) => [name, `__wasm.${name}`]);
  const answers = await call("RUST", paths);
  assert.equal(answers.length, paths.length);
  assert.deepEqual(
    answers.filter(({ answered }) => answered !== undefined),
    [],
  );
  for (const { path, refused } of answers) assert.match(refused, /does not implement|no such/i, path);
});
