// The Workers that timelines run against: the package's driver, and the crate's.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startWorkerd } from "../../lib/bundled-worker.mjs";
import { buildRust } from "../../lib/rust-module.mjs";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The Worker in JavaScript. */
export const startPackage = () => startWorkerd(file("index.js"));

/** The same routes by the crate's Rust API; `early` are the options of a verifier that stands at the global scope, as JSON. */
export const startRust = (early = "") => startRustWith("verifiers.js", { EARLY: early });

/** One of the Workers that use the crate's Rust API, with these texts in the place of its globals. */
export async function startRustWith(entry, globals = {}) {
  const built = await buildRust(file("../rust"), "rust_api");
  const alias = { "rust-module": join(built.folder, "rust_api.js") };
  const define = Object.fromEntries(Object.entries(globals).map(([name, text]) => [name, JSON.stringify(text)]));
  const worker = await startWorkerd(file(`../rust/${entry}`), { alias, define }, undefined, { wasm: built.modules });
  return { ...worker, built };
}
