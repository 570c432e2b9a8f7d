// The development tools from npm, Node 22 for wrangler among them.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./cache.mjs";
import { explain, must, run } from "./processes.mjs";
import { Stop } from "./steps.mjs";

const modules = join(root, "node_modules");
// One for each lock file that they fit, since checkouts may share them; a new installation leaves its own only.
const stampOf = (wanted) => join(modules, `.arcgate-installed-${wanted.slice(0, 16)}`);

/** The Node that npm installed: wrangler needs 22, the system may have 20. */
export const node22 = join(modules, ".bin/node");

const wantedPackages = () =>
  createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");

export const hasNpmPackages = () => existsSync(node22) && (existsSync(stampOf(wantedPackages())) || isAsLocked());

// Whether somebody's own `npm ci` was here: npm writes down what it has installed. wrangler, say, which builds before it deploys, must
// not be installed anew under its feet.
function isAsLocked() {
  const read = (path) => JSON.parse(readFileSync(join(root, path), "utf8")).packages;
  try {
    const [wanted, there] = [read("package-lock.json"), read("node_modules/.package-lock.json")];
    // What is for another system is optional, and not there.
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => path === "" || there[path]?.version === version || (optional && !there[path]),
    );
  } catch {
    return false;
  }
}

export async function installNpmPackages(say) {
  const wanted = wantedPackages();
  if (existsSync(modules))
    for (const file of readdirSync(modules)) if (file.startsWith(".arcgate-")) rmSync(join(modules, file));
  say("npm ci");
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  const { code, output } = await run("npm", ["ci", ...quiet], { cwd: root });
  // A registry that lacks other systems' builds of a package makes `npm ci` doubt the lock file; `install` doesn't.
  const doubts = /in sync|from lock file/.test(output);
  if (code !== 0 && !doubts) throw new Stop(explain("npm ci", output));
  if (doubts) await must("npm", ["install", "--no-save", ...quiet], { cwd: root, label: "npm install" });
  // The package `node` brings its program by an install script, which npm may have been told to skip.
  if ((await nodeVersion()) === undefined) await run("npm", ["rebuild", "node"], { cwd: root });
  if ((await nodeVersion()) === undefined) {
    throw new Stop(
      "npm did not install the package `node` (its install script was skipped): run `npm install --ignore-scripts=false`, then this again",
    );
  }
  writeFileSync(stampOf(wanted), "");
}

async function nodeVersion() {
  if (!existsSync(node22)) return undefined;
  const { code, stdout } = await run(node22, ["--version"]);
  return code === 0 ? stdout.trim() : undefined;
}
