// What a page loads of the package, beside the playground's page: it can be served, and deployed, as plain files.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Brings `folder` up to date with the browser's part of `pkg`. Writes only what differs: a running Worker watches it. */
export function publishForPages(pkg, folder) {
  const wanted = ["page.wasm", ...modules(pkg, "entry.web.js")];
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) {
    if (!wanted.includes(file)) rmSync(join(folder, file), { recursive: true });
  }
  for (const file of wanted) {
    const bytes = readFileSync(join(pkg, file));
    const path = join(folder, file);
    if (!existsSync(path) || !bytes.equals(readFileSync(path))) writeFileSync(path, bytes);
  }
}

// A module and all that it imports.
function modules(pkg, entry, found = new Set()) {
  if (found.has(entry)) return found;
  found.add(entry);
  const text = readFileSync(join(pkg, entry), "utf8");
  for (const [, file] of text.matchAll(/^(?:import|export)\s(?:[\w*\s{},]+\sfrom\s)?["']\.\/([\w.-]+\.js)["']/gm))
    modules(pkg, file, found);
  return found;
}
