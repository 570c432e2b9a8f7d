// What a long request is ended by, and when: Deadline by itself, with the test's clock; places that nobody gives back; comments.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventStream } from "../../pkg/arc/gate/event-stream.js";
import { Deadline } from "../../pkg/worker/deadline.js";
import { InFlight } from "../../pkg/worker/in-flight.js";
import { ready } from "../../pkg/worker.node.js";

await ready();

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A watch whose questions `answer` answers, and a clock that runs in steps. */
function watched(t, answer, options = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
  const asked = [];
  const isRevoked = answer && (() => Promise.resolve(answer(asked.push(Date.now()))));
  const watch = new Deadline({}, { tokenEndMs: Number.POSITIVE_INFINITY, isRevoked, ...options });
  const pass = async (ms) => {
    for (let left = ms; left > 0; left -= 500) {
      t.mock.timers.tick(Math.min(left, 500));
      await settled();
    }
  };
  return { watch, asked, pass };
}

test("a long request is asked about every four seconds, and ends with a yes", async (t) => {
  let revoked = false;
  const { watch, asked, pass } = watched(t, () => revoked);
  watch.allow(600_000, "timeout");
  watch.watch();
  await pass(12_000);
  assert.deepEqual(asked, [1_004_000, 1_008_000, 1_012_000]);
  revoked = true;
  await pass(4000);
  assert.equal(watch.outcome, "revoked");
  watch.stop();
});

for (const [what, answer] of [
  ["fails", () => Promise.reject(new Error("down"))],
  ["never answers", () => new Promise(() => {})],
  ["says nothing", () => undefined],
]) {
  test(`a store that ${what}: nothing begins, and what runs ends after 30 s`, async (t) => {
    let complaints = 0;
    const { watch, pass } = watched(t, answer, {
      complain: () => {
        complaints += 1;
      },
    });
    watch.allow(600_000, "timeout");
    watch.watch();
    await pass(30_000);
    assert.equal(watch.signal.aborted, false, "a store that restarts ends nobody's work");
    await pass(6000);
    assert.equal(watch.outcome, "revocation_unknown");
    assert.equal(complaints > 0, what === "fails");
    watch.stop();
  });

  test(`a store that ${what}: the question before a step has an end too`, async (t) => {
    const { watch, pass } = watched(t, answer);
    const lapsed = watch.lapsed();
    await pass(3000);
    assert.equal(await lapsed, "revocation_unknown");
    watch.stop();
  });
}

test("a store that comes back in time ends nothing, and its grace begins anew", async (t) => {
  let isDown = true;
  const { watch, pass } = watched(t, () => (isDown ? undefined : false));
  watch.watch();
  await pass(28_000);
  isDown = false;
  await pass(4000);
  isDown = true;
  await pass(28_000);
  assert.equal(watch.signal.aborted, false);
  watch.stop();
});

test("a token's end holds also where its timer is late", async (t) => {
  const { watch } = watched(t, () => false, { tokenEndMs: 1_000_100 });
  assert.equal(await watch.lapsed(), undefined);
  t.mock.timers.setTime(1_000_100);
  assert.equal(await watch.lapsed(), "expired");
});

test("a place that its request never gives back is free again after 15 s, and no sooner one that is alive", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: 0 });
  const limits = { maxBodiesPerPrincipal: 9, maxBodyBytesPerPrincipal: 9, maxBodyBytesPerSec: 1000 };
  const places = new InFlight({ maxRequestsPerPrincipal: 1, ...limits });
  const alive = places.begin("a");
  alive.stay();
  t.mock.timers.tick(60_000);
  assert.equal(places.begin("a").reason, "too_many_requests");
  alive.end();
  // The platform has ended the request without a word: its timers fire no more.
  places.begin("a").stay();
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: 60_000 + 15_001 });
  const next = places.begin("a");
  assert.equal(next.reason, undefined);
  next.end();
});

test("a silent stream has a comment every 15 s, and none while something waits to be read", async (t) => {
  const { watch, pass } = watched(t);
  const stream = eventStream(watch, { next: () => new Promise(() => {}), last: () => undefined, ended: () => {} });
  const reader = stream.getReader();
  for (let comment = 1; comment <= 3; comment += 1) {
    const read = reader.read();
    await pass(15_000);
    assert.equal(new TextDecoder().decode((await read).value), ": still working\n\n");
  }
  await pass(90_000);
  assert.equal((await reader.read()).value.length, 17, "one waits, however long nobody reads");
  const read = reader.read();
  let isRead = false;
  read.then(() => {
    isRead = true;
  });
  await settled();
  assert.equal(isRead, false);
  await reader.cancel();
});

test("no event goes out after the token's end, also where the timer is late", async (t) => {
  const { watch } = watched(t, undefined, { tokenEndMs: 1_000_100 });
  const bytes = new TextEncoder().encode("late");
  const next = async () => {
    t.mock.timers.setTime(1_000_100);
    return { bytes };
  };
  const stream = eventStream(watch, { next, last: (outcome) => new TextEncoder().encode(outcome), ended: () => {} });
  assert.equal(await new Response(stream).text(), "expired");
});

test("a client that can't be written to any more ends the work, and a stream that fails ends with what says so", async (t) => {
  const { watch } = watched(t);
  const ended = [];
  const silent = { next: () => new Promise(() => {}), last: () => undefined, ended: (outcome) => ended.push(outcome) };
  await eventStream(watch, silent).cancel();
  assert.deepEqual([ended, watch.signal.aborted, watch.outcome], [["gone"], true, "gone"]);
  const other = new Deadline({}, { tokenEndMs: Number.POSITIVE_INFINITY });
  const failing = {
    next: () => Promise.reject(new Error("a mistake")),
    last: (outcome) => new TextEncoder().encode(`${outcome}!`),
    ended: (outcome) => ended.push(outcome),
  };
  assert.equal(await new Response(eventStream(other, failing)).text(), "failed!");
  assert.deepEqual([ended, other.signal.aborted], [["gone", "failed"], true]);
});
