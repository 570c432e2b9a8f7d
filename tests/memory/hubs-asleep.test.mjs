// A thousand sessions that do nothing, in the embedded runtime: their objects sleep, and for a minute nothing wakes one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { session } from "../lib/arcp.mjs";
import { durableWorkerd } from "../lib/durable-workerd.mjs";
import { scaled } from "./flat.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test("sessions that do nothing", async (t) => {
  const entry = fileURLToPath(new URL("../workerd/hub-worker/durable.js", import.meta.url));
  const worker = await durableWorkerd(entry, { RUNTIME_HUB: "RuntimeHub", OPEN_HUB: "OpenHub" });
  t.after(() => worker.close());
  const counts = async () => (await fetch(`${worker.url}/counts`)).json();
  const sessions = [];
  // Most of them in objects of their own, the others in one.
  const [all, own] = [1000, 800];
  for (let number = 0; number < all; number += 1) {
    const path = number < own ? "/own" : "/all";
    sessions.push(await session(`${worker.socketUrl}${path}?who=user-${number}`, ""));
  }
  const began = await counts();
  assert.equal(began.constructions, own + 1);
  await pause(scaled(60_000) + 12_000);
  assert.deepEqual(await counts(), began);
  for (const one of sessions) {
    one.say("session.list_jobs", {});
    assert.deepEqual((await one.until("session.jobs")).payload.jobs, []);
  }
  const { constructions, alarms } = await counts();
  assert.deepEqual({ constructions, alarms }, { constructions: 2 * (own + 1), alarms: 0 }, "all of them were asleep");
});
