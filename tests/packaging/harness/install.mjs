// A consumer's project: what npm installs for it is kept outside the checkout, by the hash of its manifest; its sources and the
// packed package are put there anew for each run.

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cached, root } from "../../../scripts/setup/cache.mjs";
import { must } from "../../../scripts/setup/processes.mjs";

// The manifests pin what they name. What that needs in its turn is taken as the registry was on this day.
const BEFORE = "2026-11-25";

const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];

/** Packs the built package, as it would be published. Gives the tarball's path. */
export async function pack(folder = tmpdir()) {
  const { stdout } = await must("npm", ["pack", join(root, "pkg"), "--json", "--pack-destination", folder]);
  return join(folder, JSON.parse(stdout)[0].filename);
}

/** The folder in which a consumer is installed; another one when its manifest changes. */
export function homeOf(name, manifest) {
  const what = JSON.stringify([withoutPackage(manifest), BEFORE, process.platform, process.arch]);
  return cached(`packaging-${name}`, createHash("sha256").update(what).digest("hex").slice(0, 12));
}

/** Installs what the manifest names, but for the package itself, unless that has been done. Gives the project's folder. */
export async function installDependencies(home, manifest) {
  const project = join(home, "project");
  if (existsSync(project)) return project;
  const unfinished = join(home, "unfinished");
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(join(unfinished, "node_modules"), { recursive: true });
  const own = withoutPackage(manifest);
  writeFileSync(join(unfinished, "package.json"), JSON.stringify(own));
  // Scripts of others run only for a package that is nothing without them: the consumer's manifest says so.
  const scripts = own.arcgate?.installScripts ? [] : ["--ignore-scripts"];
  if (Object.keys({ ...own.dependencies, ...own.devDependencies }).length > 0)
    await must("npm", ["install", "--before", BEFORE, "--prefer-offline", ...scripts, ...quiet], { cwd: unfinished });
  renameSync(unfinished, project);
  return project;
}

/**
 * The consumer as a user would have it just now: its sources, nothing that an earlier run made, and the package. That has no
 * dependencies and no scripts, so unpacking it is all that npm would do.
 */
export async function refresh(project, sources, manifest, tarball) {
  for (const name of readdirSync(project))
    if (name !== "node_modules") rmSync(join(project, name), { recursive: true, force: true });
  const modules = join(project, "node_modules");
  // What tools keep there (.vite, .cache) would hide what the package has changed.
  for (const name of readdirSync(modules))
    if (name.startsWith(".") && name !== ".bin" && name !== ".package-lock.json")
      rmSync(join(modules, name), { recursive: true, force: true });
  for (const folder of sources)
    cpSync(folder, project, { recursive: true, filter: (path) => !path.endsWith("/node_modules") });
  writeFileSync(join(project, "package.json"), `${JSON.stringify(withoutOurs(manifest), null, 2)}\n`);
  const place = join(modules, "arcgate");
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  await must("tar", ["-xzf", tarball, "-C", place, "--strip-components=1"]);
  const { dependencies = {}, scripts = {} } = JSON.parse(readFileSync(join(place, "package.json"), "utf8"));
  if (Object.keys({ ...dependencies, ...scripts }).length > 0)
    throw new Error("the package has dependencies or scripts now: unpacking it is no installation any more");
}

// What only the harness reads: a bundler shouldn't find it.
function withoutOurs({ arcgate: _, ...manifest }) {
  return manifest;
}

function withoutPackage(manifest) {
  const without = ({ arcgate: _, ...others } = {}) => others;
  return {
    ...manifest,
    dependencies: without(manifest.dependencies),
    devDependencies: without(manifest.devDependencies),
  };
}
