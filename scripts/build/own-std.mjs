// What cargo is told for a module with a standard library of its own: compiled with it, and without a word about panics
// (docs/decisions/0005-size.md says what that saves). A panic is a trap in any case, and the package recovers from it.
//
// The compiler is pinned by rust-toolchain.toml, so what is unstable about this can't change by itself. Where it can't be had
// (another compiler, no source of the library), the module is built with the library that came with the compiler.

import { run } from "../setup/processes.mjs";
import { target } from "../setup/rust.mjs";
import { hasStdSource } from "../setup/std-source.mjs";

const bootstrap = { RUSTC_BOOTSTRAP: "1" };
const immediateAbort = ["-Zunstable-options", "-Cpanic=immediate-abort"];

/** Whether the compiler of this environment can. */
export async function canBuildStd(env) {
  const probe = ["--print", "cfg", "--target", target, ...immediateAbort];
  return (await hasStdSource(env)) && (await run("rustc", probe, { env: { ...env, ...bootstrap } })).code === 0;
}

/** Cargo's options, the compiler's flags and the environment. `std` names the library's own features. */
export function ownStd(features) {
  const options = ["-Zbuild-std=std,panic_abort"];
  if (features.length > 0) options.push(`-Zbuild-std-features=${features.join(",")}`);
  return { options, flags: immediateAbort, env: bootstrap };
}
