// pkg/package.json: pkg.json, held to Cargo.toml's version and to the files that are really there.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../setup/cache.mjs";
import { Stop } from "../setup/steps.mjs";

/** The text of the published manifest. */
export function buildManifest() {
  const read = (file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "");
  const manifest = JSON.parse(read("pkg.json"));
  const versions = {
    "Cargo.toml": read("Cargo.toml").match(/^version = "([^"]+)"/m)?.[1],
    "npm/version.ts": read("npm/version.ts").match(/^export const version = "([^"]+)"/m)?.[1],
  };
  for (const [file, version] of Object.entries(versions)) {
    if (version !== manifest.version)
      throw new Stop(`pkg.json says version ${manifest.version}, ${file} says ${version}`);
  }
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The files that the manifest's exports name and the folder lacks. */
export function missingFiles(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const named = (entry) => (typeof entry === "string" ? [entry] : Object.values(entry).flatMap(named));
  return [...new Set(named(exports))].filter((file) => !existsSync(join(folder, file)));
}
