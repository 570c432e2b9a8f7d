// The development tools from npm, Node 22 for wrangler among them.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./cache.mjs";
import { must, run } from "./processes.mjs";
import { Stop } from "./steps.mjs";

const modules = join(root, "node_modules");
const stamp = join(modules, ".arcgate-installed");

/** The Node that npm installed: wrangler needs 22, the system may have 20. */
export const node22 = join(modules, ".bin/node");

export async function installNpmPackages(say) {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted && existsSync(node22)) return "already there";
  say("npm ci");
  await must("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, label: "npm ci" });
  // The package `node` brings its program by an install script, which npm may have been told to skip.
  if ((await nodeVersion()) === undefined) await run("npm", ["rebuild", "node"], { cwd: root });
  if ((await nodeVersion()) === undefined) {
    throw new Stop(
      "npm did not install the package `node` (its install script was skipped): run `npm install --ignore-scripts=false`, then this again",
    );
  }
  writeFileSync(stamp, wanted);
  return "ok";
}

async function nodeVersion() {
  if (!existsSync(node22)) return undefined;
  const { code, stdout } = await run(node22, ["--version"]);
  return code === 0 ? stdout.trim() : undefined;
}
