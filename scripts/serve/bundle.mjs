// What worker/workerd.capnp embeds: the Worker as one module of JavaScript, and that of WebAssembly beside it.

import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { root } from "../setup/cache.mjs";

/** Bundles the Worker of this repository. */
export async function bundleWorker(folder = join(root, "dist/workerd")) {
  mkdirSync(folder, { recursive: true });
  const { metafile } = await build({
    entryPoints: [join(root, "worker/index.js")],
    bundle: true,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd"],
    external: ["*.wasm", "cloudflare:*"],
    outfile: join(folder, "index.js"),
    metafile: true,
    logLevel: "error",
  });
  placeModules(metafile, folder);
}

/** Puts the modules of the package that a bundle imports beside it, and gives their names there: workerd compiles all it is given. */
export function placeModules({ outputs }, folder) {
  const imports = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const names = [...new Set(imports.filter((path) => path.endsWith(".wasm")).map((path) => path.replace(/^\.\//, "")))];
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    copyFileSync(join(root, "pkg", name), join(folder, name));
  }
  return names;
}

/** The same as workerd's configuration has them. */
export function moduleLines(names) {
  return names.map((name) => `(name = "${name}", wasm = embed "${name}"),`).join(" ");
}
