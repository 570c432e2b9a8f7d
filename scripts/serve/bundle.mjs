// Workers of the tests and benchmarks that are bundled for workerd: the modules of WebAssembly beside the bundle, and their names.

import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../setup/cache.mjs";

/**
 * Puts the modules of the package that a bundle imports beside it, and gives their names there: workerd compiles all it is given.
 * `others` are files that are not the package's, by the name by which they are imported.
 */
export function placeModules({ outputs }, folder, others = {}) {
  const imports = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const names = [...new Set(imports.filter((path) => path.endsWith(".wasm")).map((path) => path.replace(/^\.\//, "")))];
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    copyFileSync(others[name] ?? join(root, "pkg", name), join(folder, name));
  }
  return names;
}

/** The same as workerd's configuration has them. */
export function moduleLines(names) {
  return names.map((name) => `(name = "${name}", wasm = embed "${name}"),`).join(" ");
}
