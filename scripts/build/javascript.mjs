// The JavaScript half of the package: npm/'s TypeScript, one file to one plain ES module, in the same folders. Nothing is
// bundled, and nothing but types and comments is taken away.

import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";
import { must } from "../setup/processes.mjs";

/** Compiles npm/ into `folder`. Types are looked at by the lint `types`, and not here. */
export async function compileJavaScript(folder, say) {
  say("tsc");
  const options = ["--noCheck", "--removeComments", "--outDir", folder];
  await must(join(root, "node_modules/.bin/tsc"), ["--project", join(root, "npm/tsconfig.json"), ...options]);
  // Of a file that has types alone nothing is left, and nobody loads it.
  for (const file of readdirSync(folder, { recursive: true })) {
    const path = join(folder, file);
    if (file.endsWith(".js") && readFileSync(path, "utf8").trim() === "export {};") rmSync(path);
  }
}
