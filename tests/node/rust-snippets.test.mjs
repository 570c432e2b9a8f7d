// The Rust that the documents show: it compiles for the web's world and, but for Workers, for a host, as code does that pages share with
// the server that renders them. What is for the host alone has tests, which are run.

import assert from "node:assert/strict";
import { cpSync, existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { target } from "../../scripts/setup/rust.mjs";
import { rustConsumer } from "../lib/rust-consumer.mjs";
import { blocks, documents } from "../lib/snippets.mjs";

// What the documents' programs use besides; versions are those of examples/rust-worker, where it has them.
const manifest = `
[package]
name = "snippets"
version = "0.0.0"
edition = "2021"

[dependencies]
arcgate = { path = "", features = ["web", "serde", "tower", "jwt-compact"] }
serde = { version = "1", features = ["derive"] }

[target.'cfg(target_arch = "wasm32")'.dependencies]
arcgate = { path = "", features = ["serde-wasm-bindgen"] }
axum = { version = "0.8", default-features = false, features = ["json"] }
wasm-bindgen = "0.2"
worker = { version = "0.8", features = ["axum", "http"] }

[target.'cfg(not(target_arch = "wasm32"))'.dependencies]
jsonwebtoken = { version = "11", default-features = false, features = ["rust_crypto"] }

[dev-dependencies]
pollster = "0.4"

[workspace]
`;

const found = documents().flatMap((name) => blocks(name, "rust").map((block) => ({ name, ...block })));
let crate;

before(async () => {
  const web = `target_arch = "wasm32"`;
  // "before": what a program had that comes from another library. "web": what only a page's one thread allows.
  const world = { "": "all()", web, host: `not(${web})`, before: `not(${web})` };
  const isWorkers = (code) => /^use (worker|axum)::|use arcgate::\{?tower/m.test(code);
  const files = { "Cargo.toml": manifest };
  const modules = found.map(({ name, line, says, code }) => {
    const module = `${name.toLowerCase().replaceAll(/[^a-z0-9]/g, "_")}_${line}`;
    files[`src/${module}.rs`] = code;
    assert.ok(says in world, `${name}:${line}: nobody knows what "${says}" means`);
    const where = says === "" && isWorkers(code) ? web : world[says];
    return `#[cfg(${where})]\nmod ${module};\n`;
  });
  files["src/lib.rs"] = `#![allow(dead_code, reason = "nobody calls them")]\n\n${modules.join("")}`;
  crate = await rustConsumer({ name: "snippets", files });
  const lock = join(root, "examples/rust-worker/Cargo.lock");
  if (existsSync(lock)) cpSync(lock, join(crate.place, "Cargo.lock"));
});
after(() => crate?.remove());

test("each fits the crate, for the web's world", { timeout: 900_000 }, async () => {
  assert.ok(found.filter(({ says }) => says === "").length >= 5, "there are some");
  await crate.cargo("check", "--target", target);
});

test("those for the host compile there, and their tests are green", { timeout: 900_000 }, async () => {
  const tests = found
    .filter(({ says }) => says === "host")
    .reduce((sum, { code }) => sum + code.split("#[test]").length - 1, 0);
  assert.ok(tests > 0, "there are some");
  const { stdout } = await crate.cargo("test", "--quiet");
  assert.match(stdout, new RegExp(`^test result: ok. ${tests} passed; 0 failed`, "m"));
});
