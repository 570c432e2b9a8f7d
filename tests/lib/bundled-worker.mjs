// A Worker in workerd itself: wrangler stands a proxy before it, through which a client's going away does not come.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { moduleLines, placeModules } from "../../scripts/serve/bundle.mjs";
import { freePort } from "./worker.mjs";
import { runWorkerd } from "./workerd.mjs";

const config = (
  port,
  modules,
  { compatibilityDate, v8Flags, flags },
) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
  v8Flags = ${JSON.stringify(v8Flags)},
);
const worker :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "index.js"), ${moduleLines(modules)}],
  compatibilityDate = "${compatibilityDate}",
  compatibilityFlags = ${JSON.stringify(flags)},
);
`;

/**
 * Starts workerd with this Worker, which is bundled; `log` collects what it says, `folder` is where it was started. `args` and
 * `v8Flags` are more of its own, `flags` are those of the Worker's compatibility; `wasm` are modules that are not the package's,
 * by the name by which they are imported.
 */
export async function startWorkerd(
  entry,
  bundling = {},
  compatibilityDate = "2026-10-01",
  { args = [], v8Flags = [], flags = [], wasm } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-workerd-"));
  const port = await freePort();
  const modules = await bundleInto(folder, entry, bundling, wasm);
  writeFileSync(join(folder, "config.capnp"), config(port, modules, { compatibilityDate, v8Flags, flags }));
  const worker = await runWorkerd(["serve", ...args, join(folder, "config.capnp")], {
    port,
    cwd: folder,
    onClose: () => rmSync(folder, { recursive: true, force: true }),
  });
  return { ...worker, folder };
}

/** Bundles a Worker into `index.js` of a folder, with its modules of WebAssembly beside it: gives their names. */
export async function bundleInto(folder, entry, bundling = {}, wasm = undefined) {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd"],
    external: ["*.wasm", "cloudflare:*"],
    outfile: join(folder, "index.js"),
    metafile: true,
    logLevel: "error",
    ...bundling,
  });
  return placeModules(metafile, folder, wasm);
}
