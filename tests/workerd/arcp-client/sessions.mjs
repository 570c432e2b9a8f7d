// A session within one request of a Worker's, whichever driver it is of.

import assert from "node:assert/strict";
import { test } from "node:test";

const upTo = (n) => Array.from({ length: n }, (_, at) => at + 1);

/** Has a Worker count with an agent behind a gate: alice's, up to 20, but for what `changes` says. */
export async function ask({ gate, asker }, changes = {}) {
  const body = { url: `${gate.url.replace("http", "ws")}/arcp`, token: "tok-alice", to: 20, ...changes };
  const response = await fetch(`${asker.url}/count`, { method: "POST", body: JSON.stringify(body) });
  return { status: response.status, ...(await response.json()) };
}

/** Tests of the Worker and the gate that `workers` gives once they have started. */
export function sessions(workers) {
  test("a session within a request", { timeout: 180_000 }, async () => {
    const { status, result, seen, told, closed } = await ask(workers());
    assert.deepEqual([status, result, seen], [200, 20, upTo(20)]);
    assert.deepEqual(told, ["connecting", "open", "closed"]);
    assert.deepEqual(closed, { code: "CLOSED", reason: "done" });
  });

  test("a connection that is lost is made again, and the session goes on", { timeout: 180_000 }, async () => {
    const { result, seen, told } = await ask(workers(), { drops: true });
    assert.deepEqual([result, seen], [20, upTo(20)]);
    assert.ok(told.includes("resumed") && !told.includes("lost"), String(told));
  });

  test("refusals are what they are", { timeout: 180_000 }, async () => {
    assert.deepEqual((await ask(workers(), { token: "tok-eve" })).code, "ERR_UNAUTHENTICATED");
    assert.deepEqual((await ask(workers(), { url: "ws://127.0.0.1:9/arcp" })).code, "ERR_NETWORK");
    assert.deepEqual((await ask(workers(), { url: "ws://agents.example/arcp" })).code, "ERR_CONFIG");
  });
}
