// The declarations of the package: what each subpath's names, and nothing of the inside.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { root } from "../setup/cache.mjs";
import { must } from "../setup/processes.mjs";

const subpaths = ["index", "verify", "client", "inline", "worker", "hono", "express", "fastify"];
const entries = subpaths.map((name) => `${name}.d.ts`);
const emitted = join(root, "target/npm/declarations");

/** Writes them into `folder`. */
export async function emitDeclarations(folder, say) {
  say("tsc, declarations");
  rmSync(emitted, { recursive: true, force: true });
  const options = ["--noCheck", "--declaration", "--emitDeclarationOnly", "--stripInternal", "--outDir", emitted];
  await must(join(root, "node_modules/.bin/tsc"), ["--project", join(root, "npm/tsconfig.json"), ...options]);
  for (const file of reachable(entries)) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, declarations(file));
  }
  cpSync(join(root, "npm/wasm.d.ts"), join(folder, "wasm.d.ts"));
}

// That a class has private members would make it a type that no stand-in in a test fits. That a method does nothing with a
// parameter, which its underscore says here, is nothing to its callers.
function declarations(file) {
  const text = readFileSync(join(emitted, file), "utf8").replaceAll(/^ +#private;\n/gm, "");
  return text.replaceAll(/(?<=[(,] ?)_(?=\w+\??: )/g, "");
}

// Files, and all that they import.
function reachable(files, found = new Set()) {
  for (const file of files) {
    if (found.has(file)) continue;
    found.add(file);
    const imports = declarations(file).matchAll(/(?:from |import\(|import )["'](\.{1,2}\/[\w./-]+)\.js["']/g);
    reachable(
      [...imports].map(([, path]) => `${posix.join(posix.dirname(file), path)}.d.ts`),
      found,
    );
  }
  return found;
}
