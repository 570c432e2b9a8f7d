// ArcpClient in workerd: a Worker asks the agents behind another one's gate.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startWrangler } from "../lib/worker.mjs";

const config = fileURLToPath(new URL("arcp-client/wrangler.toml", import.meta.url));
let gate;
let asker;
before(async () => {
  gate = await startWrangler({ STATIC_TOKENS: { "tok-alice": "alice" } });
  asker = await startWrangler({}, { config });
});
after(() => Promise.all([asker?.close(), gate?.close()]));

async function ask(changes = {}) {
  const body = { url: `${gate.url.replace("http", "ws")}/arcp`, token: "tok-alice", to: 20, ...changes };
  const response = await fetch(`${asker.url}/count`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, ...(await response.json()) };
}
const upTo = (n) => Array.from({ length: n }, (_, at) => at + 1);

test("a session within a request", { timeout: 60_000 }, async () => {
  const { status, result, seen, told, closed } = await ask();
  assert.deepEqual([status, result, seen], [200, 20, upTo(20)]);
  assert.deepEqual(told, ["connecting", "open", "closed"]);
  assert.deepEqual(closed, { code: "CLOSED", reason: "done" });
});

test("a connection that is lost is made again, and the session goes on", { timeout: 60_000 }, async () => {
  const { result, seen, told } = await ask({ drops: true });
  assert.deepEqual([result, seen], [20, upTo(20)]);
  assert.ok(told.includes("resumed") && !told.includes("lost"), String(told));
});

test("refusals are what they are", { timeout: 60_000 }, async () => {
  assert.deepEqual((await ask({ token: "tok-eve" })).code, "ERR_UNAUTHENTICATED");
  assert.deepEqual((await ask({ url: "ws://127.0.0.1:9/arcp" })).code, "ERR_NETWORK");
  assert.deepEqual((await ask({ url: "ws://agents.example/arcp" })).code, "ERR_CONFIG");
});
