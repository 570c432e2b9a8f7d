// What a page loads, by what it imports: the module, its glue, and the JavaScript half bundled and minified. What is loaded later,
// if at all, is not in it.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { buildSync } from "esbuild";
import { root } from "../scripts/setup/cache.mjs";

/** What a page may import: the entry, and the modules that it loads when its classes are made. */
export const imports = {
  "arcgate/verify": { entry: "verify.web.js", modules: ["verify"] },
  "arcgate/client": { entry: "client.web.js", modules: ["client"] },
  arcgate: { entry: "entry.web.js", modules: ["verify", "client"] },
};

/** The sizes in bytes, plain and compressed, of the modules and of the JavaScript that a page needs for one of the imports. */
export function sizes(name) {
  const { entry, modules } = imports[name];
  const chunks = loaded(bundled(entry), modules);
  return { module: sum(modules.map(moduleSize)), script: sum(chunks.map(({ contents }) => sizeOf(contents))) };
}

/** The size of one of the package's modules. */
export const moduleSize = (module) => sizeOf(readFileSync(join(root, `pkg/wasm/${module}.wasm`)));

/** In bytes, as they are and compressed. */
export const sizeOf = (bytes) => ({
  plain: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes).length,
});

/** Of several files, each of which is compressed by itself. */
export const sum = (sizes) =>
  sizes.reduce((total, size) => Object.fromEntries(Object.keys(size).map((key) => [key, total[key] + size[key]])));

const bundled = (entry) => split({ entryPoints: [join(root, "pkg", entry)] });

/** Bundled and minified for pages, in chunks: what `input` says, as esbuild's options. */
export const split = (input) =>
  buildSync({
    ...input,
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    outdir: join(root, "target/size"),
    write: false,
    metafile: true,
    logLevel: "error",
  });

// The chunks that a page loads: the first with what it imports at once, and the glue of the modules.
function loaded({ outputFiles, metafile: { outputs } }, modules) {
  const names = Object.keys(outputs);
  const found = new Set();
  const add = (name) => {
    if (found.has(name)) return;
    found.add(name);
    for (const { path, kind } of outputs[name].imports) if (kind === "import-statement") add(path);
  };
  add(names.find((name) => outputs[name].exports.length > 0 && outputs[name].entryPoint?.endsWith(".web.js")));
  const isGlue = (name) => modules.some((module) => outputs[name].entryPoint?.endsWith(`pkg/wasm/${module}.js`));
  for (const name of names.filter(isGlue)) add(name);
  return outputFiles.filter(({ path }) => [...found].some((name) => path.endsWith(name)));
}

/** How much of the code is of one part: of the module's functions by their names, of the JavaScript by its files'. */
export function shareOf({ functions, files }) {
  const said = execFileSync(process.execPath, [
    join(root, "scripts/build/size.mjs"),
    "client",
    "0",
    functions.source,
  ]).toString();
  const [, matching, all] = said.match(/(\d+) of (\d+) bytes of code match/).map(Number);
  const { entry, modules } = imports["arcgate/client"];
  const bundle = bundled(entry);
  const chunks = loaded(bundle, modules).map(({ path }) => outputOf(bundle, path));
  const inputs = chunks.flatMap((chunk) => Object.entries(chunk.inputs));
  const total = (of) => of.reduce((bytes, [, { bytesInOutput }]) => bytes + bytesInOutput, 0);
  const ours = total(inputs.filter(([path]) => files.test(path)));
  // Names change with the compiler, and files move: nothing found is no size of zero.
  if (!matching) throw new Error(`no function of the client's module has a name like ${functions}`);
  if (!ours) throw new Error(`no file of arcgate/client has a name like ${files}`);
  return { functions: matching / all, files: ours / chunks.reduce((bytes, chunk) => bytes + chunk.bytes, 0) };
}

const outputOf = ({ metafile: { outputs } }, path) =>
  Object.entries(outputs).find(([name]) => path.endsWith(`/${name}`))[1];
