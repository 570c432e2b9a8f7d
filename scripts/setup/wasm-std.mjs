// The wasm32 standard library: rustup's, or where its server is out of reach, built from the source in Debian's packages.

import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { cache, cached } from "./cache.mjs";
import { installPackages } from "./debian.mjs";
import { must, run, which } from "./processes.mjs";
import { debianToolchain, hasStd, requireCargo, requireLinker, target, wasmEnvironment } from "./rust.mjs";

const packages = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];
const debianRust = { PATH: `/usr/bin:${process.env.PATH}` };

export const hasWasmStd = async () => (await wasmEnvironment()) !== undefined;

export async function installWasmStd(say) {
  requireCargo();
  requireLinker();
  if (which("rustup")) {
    say("rustup target add");
    if ((await run("rustup", ["target", "add", target])).code === 0 && (await hasStd({}))) return;
  }
  say("rustup can't reach its server, or isn't here: Debian's compiler instead");
  if (!(await complete())) await installPackages(packages, "a Rust compiler with the source of its standard library");
  if (!(await hasStd(debianRust))) await provideStd(say);
  if (which("rustup")) await must("rustup", ["toolchain", "link", debianToolchain, "/usr"]);
}

// Debian's compiler, its library's source and the linker for wasm are all there.
async function complete() {
  return (
    existsSync("/usr/bin/rustc") &&
    existsSync("/usr/bin/cargo") &&
    existsSync("/usr/bin/rust-lld") &&
    existsSync(join(await sysroot(), "lib/rustlib/src/rust/library/std"))
  );
}

async function sysroot() {
  return (await must("/usr/bin/rustc", ["--print", "sysroot"])).stdout.trim();
}

async function provideStd(say) {
  const version = (await must("/usr/bin/rustc", ["--version"])).stdout.trim().replace(/[^\w.]+/g, "-");
  const copy = cached("wasm-std", version);
  if (!existsSync(copy)) await buildStd(copy, say);
  const folder = join(await sysroot(), "lib/rustlib", target, "lib");
  const made = mkdirOr(folder);
  if (made) for (const file of readdirSync(copy)) copyFileSync(join(copy, file), join(folder, file));
  else await must("sudo", ["-n", "sh", "-c", `mkdir -p '${folder}' && cp '${copy}'/*.rlib '${folder}'`]);
}

function mkdirOr(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

// An empty crate makes cargo build the library; its rlibs are what we are after.
async function buildStd(copy, say) {
  say("building the standard library, about 2 minutes, once a compiler version");
  const crate = join(cache, "wasm-std-crate");
  rmSync(crate, { recursive: true, force: true });
  mkdirSync(join(crate, "src"), { recursive: true });
  writeFileSync(join(crate, "src/lib.rs"), "");
  writeFileSync(
    join(crate, "Cargo.toml"),
    '[package]\nname = "wasm-std"\nversion = "0.0.0"\nedition = "2021"\n\n[workspace]\n',
  );
  await must(
    "/usr/bin/cargo",
    ["build", "--release", "-Zbuild-std=std,panic_abort,panic_unwind,test", "--target", target],
    {
      cwd: crate,
      env: { ...debianRust, RUSTC_BOOTSTRAP: "1", RUSTC: "/usr/bin/rustc", CARGO_TARGET_DIR: join(crate, "target") },
      label: "building the wasm32 standard library",
      onLine: say,
    },
  );
  const partial = `${copy}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const deps = join(crate, "target", target, "release/deps");
  for (const file of readdirSync(deps)) {
    if (file.endsWith(".rlib") && !basename(file).startsWith("libwasm_std"))
      copyFileSync(join(deps, file), join(partial, file));
  }
  renameSync(partial, copy);
  rmSync(crate, { recursive: true, force: true });
}
