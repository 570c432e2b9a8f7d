// How large a Worker in Rust becomes by the crate: the same Worker with and without it, module and glue, as they are downloaded.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { buildRust } from "../tests/lib/rust-module.mjs";
import { sizeOf, sum } from "./size.mjs";

const crate = fileURLToPath(new URL("rust-size", import.meta.url));

/** What a Worker may use of the crate: the features of the Worker's, and what they are. */
const uses = {
  verify: "verifies tokens",
  claims: "and reads claims as its own type (`serde`)",
  values: "and takes options from JavaScript and gives claims to it (`serde-wasm-bindgen`)",
};

/** The sizes in bytes of a Worker with these features. */
async function workerOf(features) {
  const { folder, wasm } = await buildRust(crate, "rust_size", {
    profile: "release",
    features,
    optimise: ["-Oz"],
    flags: ["--remove-producers-section", "--remove-name-section"],
  });
  const { outputFiles } = buildSync({
    entryPoints: [join(folder, "rust_size.js")],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    logLevel: "error",
  });
  return { module: sizeOf(readFileSync(wasm)), glue: sizeOf(outputFiles[0].contents) };
}

/** The table, in kB of brotli. */
export async function workerSizes() {
  const bare = await workerOf([]);
  const rows = [];
  for (const [feature, does] of Object.entries(uses)) {
    const { module, glue } = await workerOf([feature]);
    const kilo = (size, less) => ((size.brotli - less.brotli) / 1000).toFixed(1);
    const all = [module, glue];
    const whole = kilo(sum(all), sum([bare.module, bare.glue]));
    rows.push(`| ${does} | ${kilo(module, bare.module)} | ${kilo(glue, bare.glue)} | ${whole} |`);
  }
  const alone = (sum([bare.module, bare.glue]).brotli / 1000).toFixed(1);
  return [
    `**Size of a Worker’s share**, over one that answers without it, which has ${alone} (kB, brotli; \`opt-level = "z"\`, \`wasm-opt -Oz\`)`,
    "",
    "| a Worker that … | module | glue | both (goal for the first 60) |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n");
}
