// The runtimes: a process each, which answers over HTTP, and a word by which its process is found.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root } from "../scripts/setup/cache.mjs";
import { endGroup, startGroup } from "../scripts/setup/processes.mjs";
import { answering } from "../scripts/start/worker.mjs";
import { startWorkerd as startBundled } from "../tests/lib/bundled-worker.mjs";
import { freePort } from "../tests/lib/worker.mjs";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * workerd, with everybody in one Worker. `alias` and `wasm` are what the entry needs besides: packages by their names, and
 * modules by the names by which they are imported.
 */
export async function startWorkerd(entry = "worker.mjs", { alias = {}, wasm } = {}) {
  const bundling = {
    conditions: ["workerd", "browser"],
    alias: { "arcgate/verify": join(root, "pkg/verify.workerd.js"), ...alias },
  };
  const worker = await startBundled(file(entry), bundling, undefined, { wasm });
  return { ...worker, mark: worker.folder };
}

/** Node 22, with the same code. `args` are more arguments for the entry. */
export async function startNode(entry = "node.mjs", { alias = {}, args = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-bench-"));
  const outfile = join(folder, "node.mjs");
  await build({
    entryPoints: [file(entry)],
    bundle: true,
    alias,
    format: "esm",
    platform: "node",
    outfile,
    external: [join(root, "pkg/*")],
    plugins: [
      {
        name: "arcgate",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^arcgate\/verify$/ }, () => ({
            path: join(root, "pkg/verify.node.js"),
            external: true,
          })),
      },
    ],
    logLevel: "error",
  });
  const port = await freePort();
  const said = [];
  const child = startGroup(join(root, "node_modules/.bin/node"), [outfile, String(port), ...args], {
    onLine: (line) => said.push(line),
  });
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/healthz`, child, "node", () => said.join("\n"));
  const close = async () => {
    await endGroup(child);
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, mark: outfile, close };
}
