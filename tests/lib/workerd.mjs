// The gate on a machine of one's own, as `arcgate serve` starts it: no wrangler, and nothing before it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isServersAccident, startAnew } from "../../scripts/setup/anew.mjs";
import { root } from "../../scripts/setup/cache.mjs";
import { endGroup, startGroup } from "../../scripts/setup/processes.mjs";
import { freePort } from "../../scripts/start/ports.mjs";
import { answering } from "../../scripts/start/worker.mjs";

/**
 * Starts it with these variables (objects become JSON). `log` collects what it says; `state` is the folder of what
 * outlives it.
 */
export async function startServe(variables = {}, { args = [], state: given } = {}) {
  const state = given ?? mkdtempSync(join(tmpdir(), "arcgate-serve-"));
  const port = await freePort();
  const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const serve = [join(root, "pkg/bin/arcgate.js"), "serve", "--port", String(port), "--data", state, ...args];
  const onClose = () => given || rmSync(state, { recursive: true, force: true });
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, text(value)]));
  return { ...(await runUntilClosed(process.execPath, serve, { port, env, onClose })), port, state };
}

/** Runs workerd with these arguments, until it answers at `port`. `log` collects what it says. */
export function runWorkerd(args, options) {
  return runUntilClosed(join(root, "node_modules/.bin/workerd"), args, options);
}

async function runUntilClosed(program, args, { port, onClose, ...options }) {
  const log = [];
  const onLine = (line) => log.push(line);
  const url = `http://127.0.0.1:${port}`;
  const begin = async () => {
    const child = startGroup(program, args, { ...options, onLine });
    try {
      await answering(`${url}/healthz`, child, "workerd", () => log.join("\n"));
      return child;
    } catch (error) {
      await endGroup(child);
      throw error;
    }
  };
  try {
    const child = await startAnew("workerd", begin, { isPassing: isServersAccident });
    const close = async () => {
      await endGroup(child);
      onClose();
    };
    return { url, log, close };
  } catch (error) {
    onClose();
    throw error;
  }
}
