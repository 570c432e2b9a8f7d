// Whether what would be published is whole: by the files that are packed, not by those that are built.

import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { must } from "../setup/processes.mjs";

const wanted = ["package.json", "README.md", "LICENSE-APACHE", "LICENSE-MIT"];
const allowed = /\.(?:js|d\.ts|wasm)$|^(?:package\.json|README\.md|CHANGELOG\.md|LICENSE-(?:APACHE|MIT))$/;

/** The files that npm packs of a folder. */
export async function packedFiles(folder) {
  const { stdout } = await must("npm", ["pack", folder, "--dry-run", "--json"], { cwd: folder });
  return JSON.parse(stdout)[0].files.map(({ path }) => path);
}

/** What is wrong with them; `read` gives a file's text. */
export function contentProblems(files, read) {
  const found = [];
  const has = (path) => files.includes(posix.normalize(path));
  for (const file of wanted) if (!has(file)) found.push(`${file} is missing`);
  for (const file of files) if (!allowed.test(file)) found.push(`${file} doesn't belong there`);
  const manifest = JSON.parse(read("package.json"));
  for (const path of new Set(named(manifest)))
    if (!has(path)) found.push(`${path} is named in package.json, and not there`);
  for (const file of files.filter((file) => /\.(?:js|ts)$/.test(file))) {
    const text = read(file);
    for (const [, map] of text.matchAll(/^\/\/[#@] sourceMappingURL=(\S+)/gm))
      if (!map.startsWith("data:") && !has(posix.join(posix.dirname(file), map)))
        found.push(`${file}: its map ${map} is missing`);
    for (const [, path] of text.matchAll(/\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"?]+)/g)) {
      const target = posix.join(posix.dirname(file), path);
      const isThere = file.endsWith(".d.ts") ? has(target.replace(/\.js$/, ".d.ts")) || has(target) : has(target);
      // Text that becomes a module beside the package's root has its imports from there.
      if (!isThere && !has(path) && !isExample(text, path)) found.push(`${file}: imports ${path}, which is missing`);
    }
  }
  const relative = [
    ...read("README.md")
      .replaceAll(/^```[\s\S]*?^```/gm, "")
      .matchAll(/\]\((?!https?:|#)([^)\s]+)/g),
  ];
  for (const [, link] of relative) found.push(`README.md: ${link} leads nowhere in the package`);
  return found;
}

// In a comment: what a user would write.
const isExample = (text, path) => text.split("\n").some((line) => /^\s*(?:\*|\/\/)/.test(line) && line.includes(path));

// The files that a manifest names.
function named({ main, module, types, browser, bin, exports = {} }) {
  const paths = (entry) =>
    typeof entry === "string" ? [entry] : entry && typeof entry === "object" ? Object.values(entry).flatMap(paths) : [];
  const all = [
    main,
    module,
    types,
    ...paths(bin),
    ...paths(exports),
    ...(typeof browser === "string" ? [browser] : []),
  ];
  return all.filter((path) => path !== undefined && !path.includes("*"));
}

/** The same for a folder. */
export async function problemsOfFolder(folder) {
  if (!existsSync(join(folder, "package.json"))) return ["nothing is built"];
  return contentProblems(await packedFiles(folder), (file) => readFileSync(join(folder, file), "utf8"));
}
