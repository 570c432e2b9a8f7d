// The source of the standard library, with which the modules that are downloaded are built (docs/decisions/0005-size.md): a
// component of rustup's, and Debian's compiler has it beside itself. Nobody is stopped without it: those modules are larger then.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./cache.mjs";
import { run, which } from "./processes.mjs";
import { wasmEnvironment } from "./rust.mjs";

const place = "lib/rustlib/src/rust/library/std";

/** Whether the compiler of this environment has it. */
export async function hasStdSource(env) {
  const { code, stdout } = await run("rustc", ["--print", "sysroot"], {
    cwd: root,
    env: env ?? (await wasmEnvironment()),
  });
  return code === 0 && existsSync(join(stdout.trim(), place));
}

/** Brings it, where rustup can. */
export async function installStdSource() {
  if (which("rustup")) await run("rustup", ["component", "add", "rust-src"], { cwd: root });
  return (await hasStdSource()) ? undefined : "is out of reach, and done without: larger modules for pages,";
}
