// The folders of examples/, each with the built package where npm would put it.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/setup/cache.mjs";

/**
 * A copy of an example, ready to run: its `file:` dependency is a link, as npm makes it, and what else it needs is where npm
 * installed it here. `replace`: text -> text, in all its files, for addresses.
 */
export function exampleFolder(name, { replace = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), `arcgate-${name}-`));
  cpSync(join(root, "examples", name), folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  // Before there are links in it, which lead out of it.
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    let text = readFileSync(file, "utf8");
    for (const [from, to] of Object.entries(replace)) text = text.replaceAll(from, to);
    writeFileSync(file, text);
  }
  const modules = join(folder, "node_modules");
  mkdirSync(modules);
  symlinkSync(join(root, "pkg"), join(modules, "arcgate"));
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  for (const dependency of Object.keys({ ...dependencies, ...devDependencies })) {
    if (dependency !== "arcgate") symlinkSync(join(root, "node_modules", dependency), join(modules, dependency));
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
