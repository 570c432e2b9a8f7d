// The suites, in the order in which they run: cheap and telling first.
// Each has what it needs of the set-up, and a command; `count` reads the command's own totals.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";
import { node22 } from "../setup/npm-packages.mjs";
import { target } from "../setup/rust.mjs";
import { cargoCounts, mutantCounts, nodeCounts } from "./report.mjs";

// A lint counts as nothing when it is content, and as one failure when it isn't.
// Subpaths that are no JavaScript.
const wasmFiles = ["verify.wasm", "client.wasm", "gate.wasm", "core.wasm"];

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

function nodeSuite(name, { group = name, folder = group, setup, node = () => node22, pattern, apart, options = [] }) {
  const files = testFiles(folder, pattern);
  return {
    name,
    group,
    apart,
    setup,
    build: true,
    absent: files.length === 0 && `no ${join("tests", folder)}/*.test.mjs yet`,
    command: () => [node(), "--test", "--test-reporter=spec", "--test-concurrency=1", ...options, ...files],
    count: nodeCounts,
  };
}

// Which part of the mutants: "3/40" takes every fortieth, from the fourth on: some of each file. All of them take some hours.
const shard = process.env.MUTANTS ?? "0/40";

export const suites = [
  { ...lint, name: "cargo fmt", setup: ["clippy"], command: () => ["cargo", "fmt", "--check"] },
  {
    ...lint,
    name: "clippy, host",
    setup: ["clippy"],
    command: () => ["cargo", "clippy", "--quiet", "--all-targets", "--", "-D", "warnings"],
  },
  {
    ...lint,
    name: "clippy, wasm32",
    setup: ["wasm", "clippy"],
    wasm: true,
    command: () => [
      "cargo",
      "clippy",
      "--quiet",
      "--all-targets",
      "--features",
      "npm",
      "--target",
      target,
      "--",
      "-D",
      "warnings",
    ],
  },
  surface("verify"),
  surface("client"),
  { ...lint, name: "biome", setup: ["npm"], command: () => [bin("biome"), "check", "--error-on-warnings"] },
  {
    ...lint,
    name: "cargo deny",
    setup: ["deny"],
    wasm: true,
    command: () => ["cargo-deny", "--log-level", "error", "check", "licenses", "bans", "sources"],
  },
  {
    ...lint,
    name: "cargo deny, advisories",
    setup: ["deny"],
    wasm: true,
    command: () => ["cargo-deny", "--log-level", "error", "check", "advisories"],
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
  { name: "host", group: "host", setup: ["cargo"], command: () => ["cargo", "test", "--quiet"], count: cargoCounts },
  browser("chrome"),
  browser("firefox"),
  nodeSuite("browser", { setup: ["npm", "wasm", "browsers"] }),
  nodeSuite("node 22", { group: "node", setup: ["npm", "wasm", "browsers"] }),
  nodeSuite(`node ${process.versions.node.split(".")[0]}`, {
    group: "node",
    setup: ["npm", "wasm"],
    node: () => process.execPath,
    pattern: /^(smoke|conformance|providers).*\.test\.mjs$/,
  }),
  nodeSuite("workerd", { setup: ["npm", "wasm"] }),
  nodeSuite("packaging, quick", {
    group: "packaging-quick",
    folder: "packaging",
    pattern: /^quick\./,
    setup: ["npm", "wasm", "browsers"],
  }),
  nodeSuite("packaging", { pattern: /^(all|clone)\./, setup: ["npm", "wasm", "browsers"], apart: true }),
  nodeSuite("e2e", { setup: ["npm", "wasm", "browsers", "python"] }),
  // What a hub keeps of sessions that have ended has its time still when the tests are over.
  nodeSuite("memory", { setup: ["npm", "wasm"], apart: true, options: ["--test-force-exit"] }),
  {
    name: `mutants, ${shard}`,
    group: "mutants",
    apart: true,
    setup: ["cargo", "wasm", "mutants"],
    wasm: true,
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

// The module of one job, which has not all of the surface.
function surface(feature) {
  return {
    ...lint,
    name: `clippy, wasm32, ${feature}`,
    setup: ["wasm", "clippy"],
    wasm: true,
    command: () => [
      "cargo",
      "clippy",
      "--quiet",
      "--lib",
      "--no-default-features",
      "--features",
      `npm,${feature}`,
      "--target",
      target,
      "--",
      "-D",
      "warnings",
    ],
  };
}

function browser(which) {
  return {
    name: `wasm-pack, ${which}`,
    group: "browser",
    setup: ["wasm", "pack", "browsers"],
    wasm: true,
    command: () => ["wasm-pack", "test", "--headless", `--${which}`],
    count: cargoCounts,
  };
}

export const groups = [...new Set(suites.map(({ group }) => group))];
