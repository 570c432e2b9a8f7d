// What goes into pkg/ and what came out of it, as hashes: a build is skipped when both are as they were.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";

// Of the modules alone: the crate, and the tools in their versions.
const crate = [
  "src",
  "scripts/build/module.mjs",
  "scripts/build/own-std.mjs",
  "scripts/build/hash.mjs",
  "scripts/build.mjs",
  ".cargo",
  "Cargo.toml",
  "Cargo.lock",
  "rust-toolchain.toml",
  "package-lock.json",
];

const inputs = [
  ...crate,
  "scripts/build",
  "npm",
  "pkg.json",
  "README.md",
  "CHANGELOG.md",
  "LICENSE-APACHE",
  "LICENSE-MIT",
];

function* files(path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) yield path;
  else for (const name of readdirSync(path).sort()) yield* files(join(path, name));
}

function hash(paths, base) {
  const sum = createHash("sha256");
  for (const path of paths) {
    for (const file of files(join(base, path))) sum.update(`${file}\0`).update(readFileSync(file)).update("\0");
  }
  return sum.digest("hex");
}

/** What a module is made of; `settings` is a text that says how. */
export function moduleHash(settings) {
  return `${hash(crate, root)} ${createHash("sha256").update(settings).digest("hex")}`;
}

export function inputsHash() {
  return hash(inputs, root);
}

export function outputsHash(folder) {
  return hash(["."], folder);
}
