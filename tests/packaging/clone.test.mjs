// The repository as it is cloned: `npm ci` and `wrangler deploy` are all that it takes. It compiles everything, which takes minutes.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { checkDeployed, dryRun } from "../lib/dry-run.mjs";

test("a fresh clone, after `npm ci`, builds what it deploys, and publishes no playground", async () => {
  const clone = mkdtempSync(join(tmpdir(), "arcgate-clone-"));
  try {
    // What git has, as it is here.
    const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root });
    for (const file of String(listed)
      .split("\n")
      .filter((name) => name !== "" && existsSync(join(root, name)))) {
      mkdirSync(dirname(join(clone, file)), { recursive: true });
      cpSync(join(root, file), join(clone, file));
    }
    // As `npm ci` leaves it: without our own marks.
    execFileSync("cp", ["-al", join(root, "node_modules"), join(clone, "node_modules")]);
    const modules = join(clone, "node_modules");
    for (const file of readdirSync(modules)) if (file.startsWith(".arcgate-")) rmSync(join(modules, file));
    const { ino } = statSync(join(modules, "wrangler/package.json"));
    const deployed = await dryRun(clone, { ARCGATE_QUICK: "1" });
    checkDeployed(deployed);
    assert.ok(existsSync(join(clone, "pkg/package.json")));
    const after = statSync(join(modules, "wrangler/package.json"));
    assert.deepEqual([after.ino], [ino], "wrangler's own files are not installed anew under it");
  } finally {
    rmSync(clone, { recursive: true, force: true });
  }
});
