// What a page loads: the module, its glue, and the JavaScript half bundled and minified.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { root } from "../scripts/setup/cache.mjs";

/** The sizes in bytes, plain and compressed, of the module and of all JavaScript that a page needs. */
export function sizes() {
  const { outputFiles } = bundled();
  const of = (bytes) => ({
    plain: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes).length,
  });
  return { module: of(readFileSync(join(root, "pkg/page.wasm"))), script: of(outputFiles[0].contents) };
}

const bundled = () =>
  buildSync({
    entryPoints: [join(root, "pkg/entry.web.js")],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    metafile: true,
    logLevel: "error",
  });

/** How much of the code is of one part: of the module's functions by their names, of the JavaScript by its files'. */
export function shareOf({ functions, files }) {
  const said = execFileSync(process.execPath, [
    join(root, "scripts/build/size.mjs"),
    "client",
    "0",
    functions.source,
  ]).toString();
  const [, matching, all] = said.match(/(\d+) of (\d+) bytes of code match/).map(Number);
  const [output] = Object.values(bundled().metafile.outputs);
  const inputs = Object.entries(output.inputs).filter(([path]) => files.test(path));
  const bytes = inputs.reduce((total, [, { bytesInOutput }]) => total + bytesInOutput, 0);
  return { functions: matching / all, files: bytes / output.bytes };
}

/** The same as a table in kB. */
export function sizeTable() {
  const { module, script } = sizes();
  const line = (name, { plain, gzip, brotli }) =>
    `| ${name} | ${[plain, gzip, brotli].map((bytes) => (bytes / 1000).toFixed(1)).join(" | ")} |`;
  const both = Object.fromEntries(Object.keys(module).map((key) => [key, module[key] + script[key]]));
  return [
    "**Size** of all that a page loads, everything in the package included (kB)",
    "",
    "| | plain | gzip | brotli |",
    "|---|---|---|---|",
    line("page.wasm", module),
    line("JavaScript, bundled and minified", script),
    line("both", both),
  ].join("\n");
}
