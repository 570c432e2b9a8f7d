// The crate as crates.io would have it, in a project of `cargo new` with what README.md shows.

import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { must } from "../../scripts/setup/processes.mjs";
import { buildEnvironment } from "../../scripts/setup/rust.mjs";
import { rustConsumer, rustFolder } from "../lib/rust-consumer.mjs";
import { section } from "../lib/snippets.mjs";

const { version } = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));
let folder;

before(async () => {
  folder = rustFolder("packaged");
  const env = { ...(await buildEnvironment()), CARGO_TARGET_DIR: folder };
  // What is not committed yet is packed, too; compiled it is below, by somebody else's hand.
  await must("cargo", ["package", "--allow-dirty", "--no-verify", "--quiet"], { cwd: root, env, whole: true });
  // With the time of now, by which cargo sees that they have changed.
  await must("tar", ["-xmzf", join(folder, `package/arcgate-${version}.crate`), "-C", folder]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const packaged = () => join(folder, `arcgate-${version}`);

test("it has the sources, and nothing of this repository that would change a build", async () => {
  for (const file of ["src/lib.rs", "README.md", "LICENSE-MIT", "LICENSE-APACHE"])
    assert.ok(existsSync(join(packaged(), file)), file);
  for (const file of [".cargo", "rust-toolchain.toml", "tests", "npm", "examples"])
    assert.ok(!existsSync(join(packaged(), file)), file);
});

test("README's Worker, in a new project: one command, no flag", { timeout: 900_000 }, async () => {
  const [, features] = section("README.md", "Three commands")("sh").match(/^cargo add arcgate --features (\S+)/m);
  const manifest = `
[package]
name = "my-worker"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[dependencies]
arcgate = { version = "0.1", features = ${JSON.stringify(features.split(","))} }
worker = "0.8"

# In the place of the registry's, which is older.
[patch.crates-io]
arcgate = { path = "" }

[workspace]
`;
  const files = { "Cargo.toml": manifest, "src/lib.rs": section("README.md", "In Rust")("rust") };
  const project = await rustConsumer({ name: "my-worker", files, crate: packaged() });
  try {
    cpSync(join(root, "examples/rust-worker/Cargo.lock"), join(project.place, "Cargo.lock"));
    const bytes = readFileSync(await project.build("my_worker"));
    const names = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name);
    assert.ok(
      names.some((name) => name.startsWith("fetch_")),
      "the handler",
    );
  } finally {
    project.remove();
  }
});
