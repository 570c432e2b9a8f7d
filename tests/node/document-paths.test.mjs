// The documents name files that are there.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folders = ["src", "npm", "tests", "worker", "scripts", "docs", "examples", "benches", "fuzz", "www"];
// What is built or installed, and what is nobody's text.
const isOurs = (path) =>
  !/(^|\/)(node_modules|target|dist|\.wrangler)(\/|$)|^www\/arcgate(\/|$)|^examples\/[^/]+\/(build|page\/arcgate)(\/|$)/.test(
    path,
  );
const paths = new Set(
  folders
    .flatMap((folder) => [
      folder,
      ...readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, path)),
    ])
    .filter(isOurs),
);
// What `npm run serve` writes.
paths.add("worker/workerd.capnp");
const names = new Set([...paths].map((path) => path.split("/").at(-1)));
const markdown = (folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
// A changelog tells of what was.
const documents = [...markdown("."), ...markdown("docs"), ...markdown("docs/decisions")].filter(
  (name) => name !== "CHANGELOG.md",
);

const isThere = (path) => {
  if (!/[*{]/.test(path)) return paths.has(path);
  const pattern = path
    .replaceAll(/[.+]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll(/\{([^}]*)\}/g, (_, either) => `(${either.replaceAll(",", "|")})`);
  return [...paths].some((one) => new RegExp(`^${pattern}$`).test(one));
};

test("each path that a document names exists", () => {
  const missing = [];
  for (const document of documents) {
    const text = readFileSync(join(root, document), "utf8");
    const named = new RegExp(`(?<![\\w/.@-])(?:${folders.join("|")})/[\\w./*{},-]*`, "g");
    for (const [found] of text.matchAll(named)) {
      const path = found.replace(/[.,/]+$/, "");
      // Stands for any.
      if (/\bNAME\b/.test(path)) continue;
      if (!isThere(path)) missing.push(`${document}: ${found}`);
    }
    // Names of files without their folder, in sentences and in diagrams.
    for (const [name] of text.matchAll(/(?<![\w/.@-])[\w-]+\.(?:rs|ts|mjs)\b/g)) {
      if (!names.has(name)) missing.push(`${document}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});
