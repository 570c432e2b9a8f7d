// The repository's Worker under `workerd serve`, as worker/workerd.capnp has it: no wrangler, and nothing before it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundleWorker } from "../../scripts/serve/bundle.mjs";
import { root } from "../../scripts/setup/cache.mjs";
import { endGroup, startGroup } from "../../scripts/setup/processes.mjs";
import { answering, freePort } from "../../scripts/start/worker.mjs";

/**
 * Starts it with these variables (objects become JSON). `log` collects what it says; `state` is the folder of what
 * outlives it.
 */
export async function startServe(
  variables = {},
  { config = join(root, "worker/workerd.capnp"), args = [], state: given } = {},
) {
  await bundleWorker();
  const state = given ?? mkdtempSync(join(tmpdir(), "arcgate-serve-"));
  const port = await freePort();
  const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const flags = [`--socket-addr=http=127.0.0.1:${port}`, `--directory-path=state=${state}`, ...args];
  const onClose = () => given || rmSync(state, { recursive: true, force: true });
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, text(value)]));
  return { ...(await runWorkerd(["serve", config, ...flags], { port, env, onClose })), port, state };
}

/** Runs workerd with these arguments, until it answers at `port`. `log` collects what it says. */
export async function runWorkerd(args, { port, onClose, ...options }) {
  const log = [];
  const onLine = (line) => log.push(line);
  const child = startGroup(join(root, "node_modules/.bin/workerd"), args, { ...options, onLine });
  const close = async () => {
    await endGroup(child);
    onClose();
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await answering(`${url}/healthz`, child, "workerd", () => log.join("\n"));
  } catch (error) {
    await close();
    throw error;
  }
  return { url, log, close };
}
