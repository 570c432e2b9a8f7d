// Workers that are written in Rust, built as their authors build them: worker-build, with the tools of the set-up's part `worker`.

import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { cache, locked, root } from "../../scripts/setup/cache.mjs";
import { must } from "../../scripts/setup/processes.mjs";
import { buildEnvironment, tools } from "../../scripts/setup/rust.mjs";
import { startWrangler } from "./worker.mjs";

// So many builds are kept, the newest.
const KEPT = 12;
const builds = join(cache, "rust-workers");
// What they have in common is compiled once.
const compiled = join(builds, "target");

const isQuick = Boolean(process.env.ARCGATE_QUICK);

/**
 * Builds the Worker of this folder, which has a Cargo.toml, and gives the folder with its `index.js` and `index_bg.wasm`: made
 * anew when its sources, the crate's, or the tools have changed. `profile` is "release", or "dev" for daily work; `env` are variables
 * of the build's.
 */
export async function buildRustWorker(folder, { profile = isQuick ? "dev" : "release", args = [], env = {} } = {}) {
  const name = basename(folder);
  const key = keyOf(folder, JSON.stringify([profile, args, env]));
  const home = join(builds, `${name}-${key}`);
  if (existsSync(home)) return home;
  mkdirSync(builds, { recursive: true });
  await locked(() => existsSync(home) || build(folder, { home, profile, args, env }), builds);
  prune();
  return home;
}

async function build(folder, { home, profile, args, env }) {
  const next = `${home}.next`;
  rmSync(next, { recursive: true, force: true });
  const bin = (name) => join(root, "node_modules/.bin", name);
  await must("worker-build", [`--${profile}`, "--out-dir", next, ...args], {
    cwd: folder,
    env: {
      ...(await buildEnvironment()),
      // Nothing is downloaded where the tools are named.
      WASM_BINDGEN_BIN: "wasm-bindgen",
      WASM_OPT_BIN: bin("wasm-opt"),
      ESBUILD_BIN: bin("esbuild"),
      CARGO_TARGET_DIR: compiled,
      // A folder of this repository has its .cargo/config.toml, which no user has.
      CARGO_ENCODED_RUSTFLAGS: "",
      ...env,
    },
    label: `worker-build of ${basename(folder)}`,
    whole: true,
  });
  renameSync(next, home);
}

/** Runs the tests that the Worker of this folder has of its own, on this machine. */
export function testRustWorker(folder) {
  const env = { CARGO_TARGET_DIR: compiled, CARGO_ENCODED_RUSTFLAGS: "" };
  return locked(() => must("cargo", ["test", "--quiet"], { cwd: folder, env, whole: true }), builds);
}

/**
 * The Worker of this folder under wrangler, by its wrangler.toml, with these variables (objects become JSON). `log` collects what it
 * logs. `ready` is a path that answers with success; `prepare` may change the copy of the folder from which it is started, and gives
 * texts for files of it by their path.
 */
export async function startRustWorker(folder, variables = {}, { ready = "/", build: how, prepare, ...options } = {}) {
  const built = await buildRustWorker(folder, how);
  const place = mkdtempSync(join(tmpdir(), `arcgate-${basename(folder)}-`));
  const isOwn = (path) => !/\/(src|target|build|node_modules|\.wrangler)$/.test(path);
  cpSync(folder, place, { recursive: true, filter: isOwn });
  cpSync(built, join(place, "build"), { recursive: true });
  const config = join(place, "wrangler.toml");
  // It is built already.
  writeFileSync(config, readFileSync(config, "utf8").replace(/^\[build\]\n(.+\n)*/m, ""));
  for (const [path, text] of Object.entries(prepare?.(place) ?? {})) writeFileSync(join(place, path), text);
  const remove = () => rmSync(place, { recursive: true, force: true });
  try {
    const worker = await startWrangler(variables, { config, cwd: place, ready, ...options });
    const close = async () => {
      await worker.close();
      remove();
    };
    return { ...worker, built, close };
  } catch (error) {
    remove();
    throw error;
  }
}

function keyOf(folder, settings) {
  const sum = createHash("sha256").update(settings);
  const versions = ["worker-build", "wasm-bindgen-cli"].map((name) => tools[name].version());
  sum.update(versions.join());
  const crate = ["src", "Cargo.toml", "rust-toolchain.toml", "package-lock.json"].map((path) => join(root, path));
  const own = ["src", "Cargo.toml", "Cargo.lock"].map((path) => join(folder, path));
  for (const path of [...crate, ...own].flatMap(filesOf)) sum.update(`${path}\0`).update(readFileSync(path));
  return sum.digest("hex").slice(0, 16);
}

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function prune() {
  const age = (path) => Date.now() - statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  const paths = readdirSync(builds)
    .filter((name) => /-[0-9a-f]{16}$/.test(name))
    .map((name) => join(builds, name));
  for (const path of paths.sort((a, b) => age(a) - age(b)).slice(KEPT)) rmSync(path, { recursive: true, force: true });
}
