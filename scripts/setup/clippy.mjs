// rustfmt and clippy: components of rustup's toolchain, or packages beside Debian's compiler.

import { installPackages } from "./debian.mjs";
import { run, which } from "./processes.mjs";
import { wasmEnvironment } from "./rust.mjs";
import { Stop } from "./steps.mjs";

const runs = async (tool, env) => (await run("cargo", [tool, "--version"], { env })).code === 0;

export async function installClippy() {
  const wasm = await wasmEnvironment();
  const here = async () => (await runs("fmt")) && (await runs("clippy")) && (await runs("clippy", wasm));
  if (await here()) return "already there";
  if (which("rustup")) await run("rustup", ["component", "add", "rustfmt", "clippy"]);
  if (await here()) return "ok";
  await installPackages(
    which("rustup") ? ["rust-web-clippy"] : ["rust-web-clippy", "rustfmt-web"],
    "clippy for Debian's compiler",
  );
  if (!(await here())) throw new Stop("rustfmt or clippy is missing: run `rustup component add rustfmt clippy`");
  return "ok";
}
