// The platform's counter in front of /arcp: what it says counts, and one that is out of order keeps nobody out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorker, ready } from "../../pkg/worker.node.js";

await ready();

/** The status of an upgrade, which ends with 503 where the counter lets it on: there is nothing behind here. */
function upgrade(limit) {
  const worker = createWorker({
    verifier: { authenticate: async () => ({ id: "a" }) },
    agents: { echo: async () => "ran" },
    limits: { rateLimit: "COUNTER" },
    audit: () => {},
  });
  const headers = { upgrade: "websocket", "cf-connecting-ip": "192.0.2.1" };
  const request = new Request("http://127.0.0.1:8787/arcp", { headers });
  return worker.fetch(request, { COUNTER: { limit } }, { waitUntil() {} });
}

test("what the counter says counts", async () => {
  const asked = [];
  const limit = async ({ key }) => {
    asked.push(key);
    return { success: false };
  };
  assert.equal((await upgrade(limit)).status, 429);
  assert.deepEqual(asked, ["192.0.2.1"]);
  assert.equal((await upgrade(async () => ({ success: true }))).status, 503);
});

test("a counter that fails or never answers keeps nobody out, and nobody waiting", async (t) => {
  const said = t.mock.method(console, "error", () => {});
  assert.equal((await upgrade(() => Promise.reject(new Error("down")))).status, 503);
  assert.ok(said.mock.calls.some(({ arguments: [text] }) => /the rate limit failed/.test(text)));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  said.mock.resetCalls();
  let isAsked;
  const asked = new Promise((resolve) => {
    isAsked = resolve;
  });
  const answer = upgrade(() => {
    setImmediate(isAsked);
    return new Promise(() => {});
  });
  await asked;
  t.mock.timers.tick(1000);
  assert.equal((await answer).status, 503);
  assert.ok(said.mock.calls.some(({ arguments: [text] }) => /did not answer within 1000 ms/.test(text)));
});
