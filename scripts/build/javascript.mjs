// The JavaScript half of the package: npm/'s TypeScript, one file to one plain ES module, in the same folders. Nothing is
// bundled, and nothing but types and comments is taken away.

import { cpSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";
import { must } from "../setup/processes.mjs";

// Written by hand.
const declarations = ["index.d.ts", "worker.d.ts", "core.wasm.d.ts"];

/** Compiles npm/ into `folder`. Types are looked at by the lint `types`, and not here. */
export async function compileJavaScript(folder, say) {
  say("tsc");
  const options = ["--noCheck", "--removeComments", "--outDir", folder];
  await must(join(root, "node_modules/.bin/tsc"), ["--project", join(root, "npm/tsconfig.json"), ...options]);
  for (const file of declarations) cpSync(join(root, "npm", file), join(folder, file));
}
