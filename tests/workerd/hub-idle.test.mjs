// Sessions that answer heartbeats and do nothing else, through the gate: their hubs sleep, and nothing wakes one. A thousand of them
// for a minute are looked at by `npm test -- memory` and `npm run bench -- hub`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { session } from "../lib/arcp.mjs";
import { durableWorkerd } from "../lib/durable-workerd.mjs";

let worker;
before(async () => {
  const entry = fileURLToPath(new URL("hub-idle/index.js", import.meta.url));
  worker = await durableWorkerd(entry, { RUNTIME_HUB: "RuntimeHub" });
});
after(() => worker?.close());

const counts = async () => (await fetch(`${worker.url}/counts`)).json();
const all = 20;

// The gate's heartbeats are the clock: one every 5 s. The platform lets a hub go that had nothing to do for 10 s.
async function heartbeats(client, times) {
  for (let time = 0; time < times; time += 1) {
    const { payload } = await client.until("session.ping");
    client.say("session.pong", { ping_nonce: payload.nonce, received_at: new Date().toISOString() });
  }
}

test("heartbeats wake no hub", { timeout: 120_000 }, async () => {
  const connect = (_, number) => session(`${worker.socketUrl}/arcp`, `user-${number}`);
  const sessions = await Promise.all(Array.from({ length: all }, connect));
  await Promise.all(sessions.map((client) => heartbeats(client, 4)));
  const asleep = await counts();
  assert.deepEqual(asleep, { made: all, messages: all, wakings: 0 }, "a hello each");
  await Promise.all(sessions.map((client) => heartbeats(client, 2)));
  assert.deepEqual(await counts(), asleep);
  for (const client of sessions) {
    client.say("session.list_jobs", {});
    assert.deepEqual((await client.until("session.jobs")).payload.jobs, []);
  }
  assert.deepEqual(await counts(), { made: 2 * all, messages: 2 * all, wakings: 0 }, "all of them were asleep");
});
