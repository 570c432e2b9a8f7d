// rustfmt and clippy: components of rustup's toolchain, or packages beside Debian's compiler.

import { installPackages } from "./debian.mjs";
import { run, which } from "./processes.mjs";
import { wasmEnvironment } from "./rust.mjs";
import { Stop } from "./steps.mjs";

const runs = async (tool, env) => (await run("cargo", [tool, "--version"], { env })).code === 0;

export const hasClippy = async () =>
  (await runs("fmt")) && (await runs("clippy")) && (await runs("clippy", await wasmEnvironment()));

export async function installClippy() {
  if (which("rustup")) await run("rustup", ["component", "add", "rustfmt", "clippy"]);
  if (await hasClippy()) return;
  await installPackages(
    which("rustup") ? ["rust-web-clippy"] : ["rust-web-clippy", "rustfmt-web"],
    "clippy for Debian's compiler",
  );
  if (!(await hasClippy())) throw new Stop("rustfmt or clippy is missing: run `rustup component add rustfmt clippy`");
}
