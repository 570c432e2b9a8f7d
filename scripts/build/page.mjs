// What a page loads of the package, beside the playground's page: it can be served, and deployed, as plain files.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

/** Brings `folder` up to date with the browser's part of `pkg`. Writes only what differs: a running Worker watches it. */
export function publishForPages(pkg, folder) {
  const entries = ["index.js", "verify.js", "client.js"];
  const scripts = entries.reduce((found, entry) => modules(pkg, entry, found), new Set());
  const wanted = ["wasm/verify.wasm", "wasm/client.wasm", ...scripts];
  const folders = new Set([...wanted].map((file) => posix.dirname(file)));
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder, { recursive: true })) {
    const path = join(folder, file);
    if (!existsSync(path)) continue;
    const isWanted = statSync(path).isDirectory() ? isFolderOf(file, folders) : wanted.includes(file);
    if (!isWanted) rmSync(path, { recursive: true });
  }
  for (const file of wanted) {
    const bytes = readFileSync(join(pkg, file));
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path) || !bytes.equals(readFileSync(path))) writeFileSync(path, bytes);
  }
}

// Whether one of the folders is this one, or below it.
function isFolderOf(folder, folders) {
  return [...folders].some((wanted) => wanted === folder || wanted.startsWith(`${folder}/`));
}

// A module and all that it imports, at once or later.
function modules(pkg, entry, found = new Set()) {
  if (found.has(entry)) return found;
  found.add(entry);
  const text = readFileSync(join(pkg, entry), "utf8");
  const imports = text.matchAll(
    /(?:^(?:import|export)\s(?:[\w*\s{},]+\sfrom\s)?|\bimport\()["'](\.{1,2}\/[\w./-]+\.js)["']/gm,
  );
  // The bytes are for bundles; here their files are beside them.
  for (const [, file] of imports)
    if (!file.endsWith(".bytes.js")) modules(pkg, posix.join(posix.dirname(entry), file), found);
  return found;
}
