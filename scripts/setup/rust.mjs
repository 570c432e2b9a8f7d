// Which Rust compiles to wasm32 here. Everything that builds the module asks this file for its environment.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cached, root } from "./cache.mjs";
import { run, which } from "./processes.mjs";
import { Stop } from "./steps.mjs";

export const target = "wasm32-unknown-unknown";
/** The name under which rustup knows Debian's compiler. */
export const debianToolchain = "debian-web";

/** The version of a crate in Cargo.lock. */
export function lockedVersion(crate) {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const version = lock.match(new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`))?.[1];
  if (!version) throw new Stop(`Cargo.lock names no ${crate}: run \`cargo generate-lockfile\``);
  return version;
}

/** The tools that cargo builds for us: the version, the program that shows it is there, and what it is for. */
export const tools = {
  "wasm-bindgen-cli": {
    version: () => lockedVersion("wasm-bindgen"),
    binary: "wasm-bindgen",
    purpose: "the glue between the module and JavaScript",
  },
  "wasm-pack": { version: () => "0.15.1", binary: "wasm-pack", purpose: "tests of the module in real browsers" },
  "worker-build": { version: () => "0.8.7", binary: "worker-build", purpose: "Workers that are written in Rust" },
  geckodriver: { version: () => "0.37.1", binary: "geckodriver", purpose: "drives Firefox" },
  "cargo-mutants": { version: () => "27.1.0", binary: "cargo-mutants", purpose: "breaks the code to test the tests" },
  "cargo-deny": { version: () => "0.20.2", binary: "cargo-deny", purpose: "licences and sources of dependencies" },
};

/** The bin folder of one cached tool. */
export function toolFolder(name) {
  return join(cached(name, tools[name].version()), "bin");
}

/** Stops when there is no Rust at all. */
export function requireCargo() {
  if (!which("cargo")) {
    throw new Stop(
      "Rust is missing: install it from https://rustup.rs (or `apt-get install rustc-web cargo-web`), open a new shell and run this again",
    );
  }
}

/** Where rustup can't bring the compiler that rust-toolchain.toml names, the one that is here serves. */
export async function settleToolchain() {
  if (!which("rustup") || process.env.RUSTUP_TOOLCHAIN) return;
  if ((await run("cargo", ["--version"], { cwd: root })).code === 0) return;
  const { stdout } = await run("rustup", ["toolchain", "list"], { cwd: tmpdir() });
  const [here] = stdout.split("\n").filter((line) => line && !line.startsWith(debianToolchain));
  const name = here?.split(" ")[0];
  if (!name || name === "no") return;
  console.log(`  rustup can't bring the pinned compiler: ${name} instead`);
  process.env.RUSTUP_TOOLCHAIN = name;
}

/** Stops when there is nothing to link with. */
export function requireLinker() {
  if (!which("cc"))
    throw new Stop(
      "a C compiler is missing (Rust links with `cc`): run `apt-get install gcc libc6-dev`, then this again",
    );
}

/** The folder where a compiler keeps its wasm32 standard library. */
export async function stdFolder(env = {}) {
  const { code, stdout } = await run("rustc", ["--print", "target-libdir", "--target", target], { env });
  return code === 0 ? stdout.trim() : undefined;
}

/** Whether the compiler of this environment has the wasm32 standard library. */
export async function hasStd(env) {
  const folder = await stdFolder(env);
  return (
    folder !== undefined && existsSync(folder) && readdirSync(folder).some((file) => /^libstd-.*\.rlib$/.test(file))
  );
}

// Where the compiler may be: the user's own, then Debian's by its rustup name, then Debian's on the PATH.
const candidates = () => [
  {},
  ...(which("rustup") ? [{ RUSTUP_TOOLCHAIN: debianToolchain }] : []),
  { PATH: `/usr/bin:${process.env.PATH}` },
];

/** The environment whose cargo builds for wasm32, or undefined when a set-up is needed. */
export async function wasmEnvironment() {
  for (const env of candidates()) if (await hasStd(env)) return env;
  return undefined;
}

/** The whole environment for building and testing by hand: compiler, tools, npm's programs. */
export async function buildEnvironment() {
  const env = await wasmEnvironment();
  if (!env) throw new Stop("the wasm32 standard library is missing: run `npm run setup`");
  const path = env.PATH ?? process.env.PATH;
  const folders = [...Object.keys(tools).map(toolFolder).filter(existsSync), join(root, "node_modules/.bin")];
  // What `npm run` itself put on the PATH is left out.
  const rest = path
    .split(":")
    .filter((folder) => !folders.includes(folder) && !/node_modules\/\.bin$|node-gyp-bin$/.test(folder));
  return { ...env, PATH: [...folders, ...new Set(rest)].join(":") };
}
