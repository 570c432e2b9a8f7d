// pkg/package.json: pkg.json, held to Cargo.toml's version and to the files that are really there.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";
import { Stop } from "../setup/steps.mjs";

/** The text of the published manifest. */
export function buildManifest() {
  const manifest = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));
  const version = readFileSync(join(root, "Cargo.toml"), "utf8").match(/^version = "([^"]+)"/m)?.[1];
  if (manifest.version !== version)
    throw new Stop(`pkg.json says ${manifest.version} and Cargo.toml ${version}: give both the same version`);
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The files that the manifest's exports name and the folder lacks. */
export function missingFiles(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const named = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry).flatMap(named));
  return [...new Set(named(exports))].filter((file) => !existsSync(join(folder, file)));
}
