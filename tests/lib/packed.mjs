// The package, packed by npm and installed into an empty project.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { promisify } from "node:util";
import { root } from "../../scripts/setup/cache.mjs";

export const run = promisify(execFile);
export const bin = (name) => join(root, "node_modules/.bin", name);

export let project;
export let tarball;
export const write = (path, text) => {
  mkdirSync(join(project, path, ".."), { recursive: true });
  writeFileSync(join(project, path), text);
};

before(async () => {
  project = mkdtempSync(join(tmpdir(), "arcgate-package-"));
  // npm runs on the Node that it was installed for, whichever this is.
  const { stdout } = await run("npm", ["pack", join(root, "pkg"), "--json", "--pack-destination", project], {
    cwd: project,
  });
  tarball = join(project, JSON.parse(stdout)[0].filename);
  write("package.json", JSON.stringify({ name: "empty-project", private: true, type: "module" }));
  await run("npm", ["install", tarball, "--offline", "--no-audit", "--no-fund"], { cwd: project });
});

after(() => rmSync(project, { recursive: true, force: true }));
