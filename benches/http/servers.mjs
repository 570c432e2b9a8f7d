// The servers: a process for each arm, so that its heap, its compiler and its CPU time are its own.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root } from "../../scripts/setup/cache.mjs";
import { node22 } from "../../scripts/setup/npm-packages.mjs";
import { endGroup, startGroup } from "../../scripts/setup/processes.mjs";
import { answering } from "../../scripts/start/worker.mjs";
import { startWorkerd } from "../../tests/lib/bundled-worker.mjs";
import { freePort } from "../../tests/lib/worker.mjs";
import { heldBy, processOf } from "../measure.mjs";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The upstream of those that have one. */
export async function startUpstream() {
  const port = await freePort();
  const child = startGroup(node22, [file("upstream.mjs"), String(port)], { onLine: () => {} });
  await answering(`http://127.0.0.1:${port}/`, child, "the upstream");
  return { url: `http://127.0.0.1:${port}/arc`, close: () => endGroup(child) };
}

// As wrangler.toml and `arcgate serve` have it: a request tells when its client goes, which costs whoever listens.
const flags = ["enable_request_signal"];

/** An arm in workerd: a Worker of its own, or a check in the Worker that all checks share. */
export async function startInWorkerd({ worker = "worker", check }, setup, more) {
  const bundling = {
    conditions: ["workerd", "browser"],
    define: { BENCH: JSON.stringify(setup) },
    plugins: [own(["workerd", "browser", "default"], check)],
  };
  const started = await startWorkerd(file(`arms/${worker}.mjs`), bundling, undefined, { flags, ...more });
  return { ...started, port: Number(new URL(started.url).port), pid: processOf("workerd", started.folder) };
}

/** A check in Node. */
export async function startInNode({ check }, setup) {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-bench-"));
  const outfile = join(folder, "server.mjs");
  await build({
    entryPoints: [file("node-server.mjs")],
    bundle: true,
    format: "esm",
    platform: "node",
    outfile,
    define: { BENCH: JSON.stringify(setup) },
    plugins: [own(["node", "default"], check, { isExternal: true })],
    logLevel: "error",
  });
  const port = await freePort();
  const child = startGroup(node22, [outfile, String(port)], { onLine: () => {} });
  await answering(`http://127.0.0.1:${port}/healthz`, child, "node");
  const close = async () => {
    await endGroup(child);
    rmSync(folder, { recursive: true, force: true });
  };
  return { port, pid: heldBy(child.pid), close };
}

// The package as its manifest has it, and the check.
function own(conditions, check, { isExternal = false } = {}) {
  const pkg = join(root, "pkg");
  const { exports } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
  // Before there is a subpath of its own, the verifier is in the root.
  const at = (path) => exports[path.replace(/^arcgate/, ".")] ?? exports["."];
  const chosen = (entry) => (typeof entry === "string" ? entry : chosen(entry[conditions.find((name) => entry[name])]));
  return {
    name: "own",
    setup({ onResolve }) {
      onResolve({ filter: /^arcgate(\/|$)/ }, ({ path }) => ({
        path: join(pkg, chosen(at(path))),
        external: isExternal,
      }));
      onResolve({ filter: /^bench:check$/ }, () => ({ path: file(`arms/${check}.mjs`) }));
    },
  };
}
