// What worker/workerd.capnp embeds: the Worker as one module, and the core beside it.

import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "../setup/cache.mjs";

/** Bundles the Worker of this repository. */
export async function bundleWorker(folder = join(root, "dist/workerd")) {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(root, "worker/index.js")],
    bundle: true,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd"],
    external: ["*.wasm", "cloudflare:*"],
    outfile: join(folder, "index.js"),
    logLevel: "error",
  });
  copyFileSync(join(root, "pkg/core.wasm"), join(folder, "core.wasm"));
}
