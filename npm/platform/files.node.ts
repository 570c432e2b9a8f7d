// How Node, Deno and Bun read a module: from a file, where the place is one.

import { readFileSync } from "node:fs";
import type { ModuleSource } from "./compile.js";

/** Reads a module from a path or a `file:` URL; everything else is fetched. */
export function readModule(place: URL | string): ModuleSource | Promise<ModuleSource> {
  // A letter before a colon is a drive.
  const url = /^[a-z][a-z\d+.-]+:/i.test(String(place)) ? new URL(String(place)) : undefined;
  if (url !== undefined && url.protocol !== "file:") return fetch(url);
  return new WebAssembly.Module(readFileSync(url ?? (place as string)));
}
