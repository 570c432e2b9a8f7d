// The Worker of this folder, and the runtime behind its gate, which does what a test says.

import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { session } from "../../lib/arcp.mjs";
import { startWorkerd } from "../../lib/bundled-worker.mjs";
import { startRuntime } from "../../lib/scripted-runtime.mjs";

export let runtime;
export let worker;
let url;

/** Starts both before the file's tests; `onUpgrade` may take an upgrade that comes to the runtime upon itself. */
export function startGate(onUpgrade = () => false) {
  before(async () => {
    runtime = await startRuntime({ onUpgrade });
    worker = await startWorkerd(fileURLToPath(new URL("worker.js", import.meta.url)), {
      define: { UPSTREAM: JSON.stringify(runtime.url) },
    });
    url = worker.url.replace("http", "ws");
  });
  after(async () => {
    await worker?.close();
    await runtime?.close();
  });
}

export const at = (path = "") => `${url}${path}/arcp`;

/** An open session and its connection to the upstream. */
export async function both(token = "alice", path = "", options = {}) {
  const upstream = runtime.next();
  const client = await session(at(path), token, options);
  return { client, upstream: await upstream };
}
