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

/** workerd, with everybody in one Worker. */
export async function startWorkerd(entry = "worker.mjs") {
  const bundling = {
    conditions: ["workerd", "browser"],
    alias: { "arcgate/verify": join(root, "pkg/verify.workerd.js") },
  };
  const worker = await startBundled(file(entry), bundling);
  return { ...worker, mark: worker.folder };
}

/** Node 22, with the same code. */
export async function startNode() {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-bench-"));
  const outfile = join(folder, "node.mjs");
  await build({
    entryPoints: [file("node.mjs")],
    bundle: true,
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
  const child = startGroup(join(root, "node_modules/.bin/node"), [outfile, String(port)], { onLine: () => {} });
  const url = `http://127.0.0.1:${port}`;
  await answering(`${url}/healthz`, child, "node", () => "");
  const close = async () => {
    await endGroup(child);
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, mark: outfile, close };
}
