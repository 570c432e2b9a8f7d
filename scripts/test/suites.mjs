// The suites, in the order in which they run: cheap and telling first.
// Each has what it needs of the set-up, and a command; `count` reads the command's own totals.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";
import { node22 } from "../setup/npm-packages.mjs";
import { target } from "../setup/rust.mjs";
import { alone } from "./alone.mjs";
import { nodeCommand } from "./files.mjs";
import { cargoCounts, mutantCounts, neverBegan } from "./report.mjs";

// A lint counts as nothing when it is content, and as one failure when it isn't.
// Subpaths that are no JavaScript.
const wasmFiles = ["verify.wasm", "client.wasm", "gate.wasm", "core.wasm"];

// What programs in Rust add to the core: what works wherever they are tested, and all of it.
const hostFeatures = "web,serde,jwt-compact,tower";
const webFeatures = "web,serde,serde-wasm-bindgen,jwt-compact,tower";

const deny = ["cargo-deny", "--log-level", "error", "--all-features", "check"];
const lint = { group: "lint", count: () => ({ passed: 0, failed: 0 }) };
const bin = (name) => join(root, "node_modules/.bin", name);

/** The test files of one folder of tests/. */
export function testFiles(folder, pattern = /\.test\.mjs$/) {
  const path = join(root, "tests", folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((file) => pattern.test(file))
    .sort()
    .map((file) => join("tests", folder, file));
}

// Tests that build programs in Rust say nothing meanwhile: the longest has 20 minutes, by itself.
const nodePatience = 25 * 60_000;

// Files mostly wait: for servers, browsers, answers. So many run at once, but those that `alone` names.
const AT_ONCE = 2;

function nodeSuites(name, { group = name, folder = group, pattern, atOnce = AT_ONCE, ...more }) {
  const files = testFiles(folder, pattern);
  const apart = files.filter((file) => file in alone);
  const others = files.filter((file) => !apart.includes(file));
  return [
    nodeSuite(name, { group, folder, files: others, atOnce, ...more }),
    ...(apart.length ? [nodeSuite(`${name}, one by one`, { group, folder, files: apart, atOnce: 1, ...more })] : []),
  ];
}

// Its files have their second try, but where the suite stands apart: that is a proof, and whoever runs it looks at it.
function nodeSuite(name, { group, folder, files, atOnce, setup, node = () => node22, apart, options = [] }) {
  return {
    name,
    group,
    apart,
    setup,
    build: true,
    files,
    atOnce,
    again: !apart && process.env.ARCGATE_SECOND_TRY !== "0",
    patience: nodePatience,
    absent: files.length === 0 && `no ${join("tests", folder)}/*.test.mjs yet`,
    command: (file) => nodeCommand(node(), options, file),
  };
}

// Which part of the mutants: "3/80" takes every eightieth, from the fourth on: some of each file. All of them take some hours.
const shard = process.env.MUTANTS ?? "0/80";

export const suites = [
  { ...lint, name: "cargo fmt", setup: ["clippy"], command: () => ["cargo", "fmt", "--check"] },
  ...ownWorkspaces().map((folder) => ({
    ...lint,
    name: `cargo fmt, ${folder}`,
    setup: ["clippy"],
    command: () => ["cargo", "fmt", "--check", "--manifest-path", join(root, folder, "Cargo.toml")],
  })),
  clippy("host"),
  clippy("host, for programs in Rust", { options: ["--features", hostFeatures] }),
  // A program for wasm is checked on the host, too: by editors, and by whoever forgets the target.
  ...["web", "tower", "web,serde", "serde"].map((features) =>
    clippy(`host, ${features} alone`, { targets: ["--lib"], options: ["--features", features] }),
  ),
  clippy("wasm32", { wasm: true, options: ["--features", "npm"] }),
  clippy("wasm32, for programs in Rust", { wasm: true, options: ["--features", webFeatures] }),
  surface("verify"),
  surface("client"),
  rustdoc("host", hostFeatures),
  rustdoc("wasm32", webFeatures, { wasm: true }),
  { ...lint, name: "biome", setup: ["npm"], command: () => [bin("biome"), "check", "--error-on-warnings"] },
  {
    ...lint,
    name: "cargo deny",
    setup: ["deny"],
    wasm: true,
    command: () => [...deny, "licenses", "bans", "sources"],
  },
  {
    ...lint,
    name: "cargo deny, advisories",
    setup: ["deny"],
    wasm: true,
    command: () => [...deny, "advisories"],
    skipWhen: (output) =>
      /failed to (fetch|clone|open) advisory database|Could not resolve host/i.test(output) &&
      "the advisory database is out of reach",
  },
  {
    ...lint,
    name: "types, npm/",
    setup: ["npm", "wasm"],
    build: true,
    command: () => [bin("tsc"), "--project", "npm/tsconfig.json", "--noEmit"],
  },
  {
    ...lint,
    name: "types, as users see them",
    setup: ["npm", "wasm"],
    build: true,
    absent: !existsSync(join(root, "tests/types/tsconfig.json")) && "no tests/types/tsconfig.json yet",
    command: () => [bin("tsc"), "--project", "tests/types/tsconfig.json"],
  },
  { ...lint, name: "publint", setup: ["npm", "wasm"], build: true, command: () => [bin("publint"), "--strict", "pkg"] },
  {
    ...lint,
    name: "are the types wrong",
    setup: ["npm", "wasm"],
    build: true,
    command: () => [
      bin("attw"),
      "--pack",
      "pkg",
      "--ignore-rules",
      "cjs-resolves-to-esm",
      "--exclude-entrypoints",
      ...wasmFiles,
    ],
  },
  {
    name: "host",
    group: "host",
    setup: ["cargo"],
    // The properties' cases are the same each time, as are those of the other tests with chance in them: `cargo test` looks at others.
    env: { PROPTEST_RNG_SEED: process.env.PROPTEST_RNG_SEED ?? "20261126" },
    command: () => ["cargo", "test", "--quiet", "--features", hostFeatures],
    count: cargoCounts,
  },
  browser("chrome"),
  browser("firefox"),
  wasmPack("node", {
    group: "node",
    setup: ["npm"],
    options: ["--node"],
    tests: ["jwt_verifier", "js_values", "token_manager_web"],
  }),
  ...nodeSuites("browser", { setup: ["npm", "wasm", "browsers"] }),
  ...nodeSuites("node 22", { group: "node", setup: ["npm", "wasm", "browsers"] }),
  ...nodeSuites(`node ${process.versions.node.split(".")[0]}`, {
    group: "node",
    setup: ["npm", "wasm"],
    node: () => process.execPath,
    pattern: /^(smoke|conformance|providers).*\.test\.mjs$/,
  }),
  ...nodeSuites("workerd", { setup: ["npm", "wasm", "worker"] }),
  ...nodeSuites("packaging, quick", {
    group: "packaging-quick",
    folder: "packaging",
    pattern: /^quick\./,
    setup: ["npm", "wasm", "browsers"],
  }),
  ...nodeSuites("packaging", {
    pattern: /^(all|clone)\./,
    setup: ["npm", "wasm", "browsers"],
    apart: true,
    atOnce: 1,
  }),
  ...nodeSuites("e2e", { setup: ["npm", "wasm", "worker", "browsers", "python"] }),
  // What a hub keeps of sessions that have ended has its time still when the tests are over.
  ...nodeSuites("memory", { setup: ["npm", "wasm"], apart: true, atOnce: 1, options: ["--test-force-exit"] }),
  {
    name: `mutants, ${shard}`,
    group: "mutants",
    apart: true,
    setup: ["cargo", "wasm", "mutants"],
    wasm: true,
    // It says nothing of those that are caught, and ends by itself what takes too long.
    patience: 24 * 3_600_000,
    // Its own counts are no tests: a mutant that was missed is a failure, one that was caught a test that passed.
    command: () => [
      "cargo-mutants",
      "mutants",
      "--shard",
      shard,
      "--sharding",
      "round-robin",
      "--baseline",
      "skip",
      "--timeout",
      "120",
      "--colors",
      "never",
    ],
    count: mutantCounts,
  },
];

// The crates that stand by themselves: examples, and programs that tests build.
function ownWorkspaces() {
  const inside = (folder) => readdirSync(join(root, folder), { recursive: false }).map((name) => join(folder, name));
  const folders = [...inside("examples"), ...inside("tests"), "tests/workerd/rust", "benches/rust"];
  return folders.filter((folder) => existsSync(join(root, folder, "Cargo.toml"))).sort();
}

// The lints of one build: `options` says which.
function clippy(which, { wasm = false, targets = ["--all-targets"], options = [] } = {}) {
  const command = ["cargo", "clippy", "--quiet", ...targets, ...options];
  if (wasm) command.push("--target", target);
  return {
    ...lint,
    name: `clippy, ${which}`,
    setup: wasm ? ["wasm", "clippy"] : ["clippy"],
    wasm,
    command: () => [...command, "--", "-D", "warnings"],
  };
}

// The reference: a link that leads nowhere, or an item without a word, is a failure.
function rustdoc(which, features, { wasm = false } = {}) {
  const command = ["cargo", "rustdoc", "--quiet", "--lib", "--features", features];
  if (wasm) command.push("--target", target);
  return {
    ...lint,
    name: `rustdoc, ${which}`,
    setup: wasm ? ["wasm"] : ["cargo"],
    wasm,
    command: () => [...command, "--", "-D", "warnings"],
  };
}

// The module of one job, which has not all of the surface.
function surface(feature) {
  const options = ["--no-default-features", "--features", `npm,${feature}`];
  return clippy(`wasm32, ${feature}`, { wasm: true, targets: ["--lib"], options });
}

// What programs in Rust use, compiled to wasm: the crate's own tests, and those of a verifier; in browsers those of the package's
// JavaScript too. One compilation serves all; tests that say nothing else run where the environment says.
function wasmPack(which, { group, setup, options, tests, env }) {
  const targets = ["--lib", ...tests.flatMap((name) => ["--test", name])];
  return {
    name: `wasm-pack, ${which}`,
    group,
    setup: ["wasm", "pack", ...setup],
    wasm: true,
    env: { WASM_BINDGEN_TEST_TIMEOUT: "600", ...env },
    neverBegan,
    command: () => ["wasm-pack", "test", ...options, "--", "--features", webFeatures, ...targets],
    count: cargoCounts,
  };
}

function browser(which) {
  return wasmPack(which, {
    group: "browser",
    setup: ["browsers"],
    options: ["--headless", `--${which}`],
    tests: ["web", "jwt_verifier", "js_values", "token_manager_web"],
    env: { WASM_BINDGEN_USE_BROWSER: "1" },
  });
}

export const groups = [...new Set(suites.map(({ group }) => group))];
