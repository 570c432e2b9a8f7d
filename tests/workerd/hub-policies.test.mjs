// Who sees what where several principals share a hub, through the gate: by default, by the default as a policy, and by a policy of
// the application's own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { session, ulid } from "../lib/arcp.mjs";
import { durableWorkerd } from "../lib/durable-workerd.mjs";

const bounded = { timeout: 180_000 };
let worker;

before(async () => {
  const entry = fileURLToPath(new URL("hub-policies/index.js", import.meta.url));
  worker = await durableWorkerd(entry, { none: "NoneHub", same: "SameHub", team: "TeamHub", small: "SmallHub" });
});

after(() => worker?.close());

const connect = (hub, token, changes) => session(`${worker.socketUrl}/${hub}/arcp`, token, { hello: changes });

async function submitted(client, agent, input = null) {
  client.say("job.submit", { agent, input });
  return (await client.until("job.accepted")).job_id;
}

async function ran(client, agent) {
  const job = await submitted(client, agent);
  const { payload } = await client.until("job.result");
  return { job, result: payload.result };
}

/** All that comes until the runtime has answered a ping that is sent now, but for what differs between any two answers. */
async function answers(client, requests) {
  for (const [type, payload] of requests) client.say(type, payload);
  // A list is answered by the hub, where a ping would be by the gate.
  const last = client.say("session.list_jobs", { filter: { agent: "nobody's" } });
  const frames = [];
  for (;;) {
    const { id, ...got } = await client.next("the answer to the last list");
    assert.match(id, /^[0-9A-Z]{26}$/);
    if (got.payload.request_id === last) return frames;
    if (got.payload.request_id !== undefined) got.payload.request_id = "the request's";
    frames.push(JSON.stringify(got));
  }
}

const lookups = (job) => [
  ["job.subscribe", { job_id: job, history: true }],
  ["job.cancel", { job_id: job, reason: "x" }],
  ["job.unsubscribe", { job_id: job }],
  ["job.subscribe", { job_id: job, from_event_seq: 3 }],
  ["session.list_jobs", {}],
];

test(
  "another's job and one that isn't there: the same frames in the same order, by the same questions",
  bounded,
  async () => {
    for (const hub of ["none", "same", "team"]) {
      const alice = await connect(hub, "alice.blue");
      const bob = await connect(hub, "bob.red.audit");
      const counter = await connect(hub, "counter");
      const running = await submitted(alice, "count", { to: 1000, delayMs: 60_000 });
      const { job: ended } = await ran(alice, "echo");
      const costs = async (job) => {
        const { result: before } = await ran(counter, "asked");
        const frames = await answers(bob, lookups(job).slice(0, 4));
        const { result: after } = await ran(counter, "asked");
        return { frames, questions: after - before };
      };
      const missing = await costs(`job_${ulid()}`);
      assert.deepEqual(
        missing.frames.map((text) => JSON.parse(text).payload.code),
        ["JOB_NOT_FOUND", "JOB_NOT_FOUND", "JOB_NOT_FOUND"],
      );
      assert.deepEqual(await costs(running), missing, hub);
      assert.deepEqual(await costs(ended), missing, hub);
      const [list] = await answers(bob, [["session.list_jobs", {}]]);
      assert.deepEqual(JSON.parse(list).payload.jobs, []);
      alice.say("job.cancel", { job_id: running });
      await alice.until("job.error");
      for (const client of [alice, bob, counter]) await client.close();
    }
  },
);

test("SamePrincipalPolicy is what holds without a policy", bounded, async () => {
  const scenario = async (hub) => {
    const first = await connect(hub, "carol.blue");
    const second = await connect(hub, "carol.blue");
    const other = await connect(hub, "dave.blue");
    const job = await submitted(first, "count", { to: 1000, delayMs: 60_000 });
    const kinds = async (client, requests) => {
      const frames = (await answers(client, requests)).map((text) => JSON.parse(text));
      return frames.map(({ type, payload }) => [type, payload.code ?? payload.current_status ?? payload.jobs?.length]);
    };
    const told = [];
    // Others see nothing; one's own other session sees it, and can't cancel it while the first is there.
    told.push(await kinds(other, lookups(job)));
    told.push(await kinds(second, lookups(job)));
    first.say("session.close");
    await first.closed();
    told.push(await kinds(other, lookups(job)));
    // The job's end may come before the answer to the list, or after it.
    told.push((await kinds(second, [["job.cancel", { job_id: job }]])).slice(0, 1));
    await Promise.all([second.close(), other.close()]);
    return told;
  };
  const [none, same] = [await scenario("none"), await scenario("same")];
  assert.deepEqual(same, none);
  assert.deepEqual(none[0].at(-1), ["session.jobs", 0]);
  assert.deepEqual(none[1], [
    ["job.subscribed", "running"],
    ["session.error", "JOB_NOT_FOUND"],
    ["job.subscribed", "running"],
    ["session.jobs", 1],
  ]);
  assert.equal(none[3][0][0], "job.cancelled");
});

test(
  "an auditor's subscription goes on with a token that still allows it, and ends with one that doesn't",
  bounded,
  async () => {
    const alice = await connect("team", "alice.blue");
    const eve = await connect("team", "eve.blue.audit");
    const job = await submitted(alice, "count", { to: 100_000, delayMs: 5 });
    eve.say("job.subscribe", { job_id: job });
    await eve.until("job.subscribed");
    let { event_seq: seen } = await eve.until("job.event");
    await eve.close();
    const again = await connect("team", "eve.blue.audit", { resume: eve.resumption(seen) });
    for (let count = 0; count < 3; count += 1) {
      const { event_seq: seq, payload } = await again.until("job.event");
      assert.equal(seq, seen + 1);
      assert.equal(payload.kind, "progress");
      seen = seq;
    }
    await again.close();
    const less = await connect("team", "eve.blue", { resume: again.resumption(seen) });
    for (;;) {
      const got = await less.next("what is told instead");
      assert.equal(got.event_seq, seen + 1, "numbers have no gaps");
      seen += 1;
      if (got.type === "job.event") {
        assert.equal(got.payload.kind, "x-vendor.arcgate.dropped");
        continue;
      }
      assert.deepEqual([got.type, got.payload.code], ["job.error", "PERMISSION_DENIED"]);
      break;
    }
    assert.deepEqual((await answers(less, [["job.subscribe", { job_id: job }]])).length, 1, "and nothing more comes");
    alice.say("job.cancel", { job_id: job });
    await alice.until("job.error");
    await Promise.all([alice.close(), less.close()]);
  },
);

test("who keeps too much is refused new jobs, and nobody else is", bounded, async () => {
  const alice = await connect("small", "alice.blue");
  const talks = await submitted(alice, "talks", { count: 4, bytes: 10_000 });
  let last;
  for (let count = 0; count < 4; count += 1) last = await alice.until("job.event");
  alice.say("job.submit", { agent: "echo", input: 1 });
  const { payload } = await alice.until("session.error");
  const { code, retryable, details } = payload;
  assert.deepEqual(
    { code, retryable, details },
    {
      code: "INTERNAL_ERROR",
      retryable: true,
      details: { reason: "store_full", of: "bytes", limit: 65_536 },
    },
  );
  const bob = await connect("small", "bob.red");
  assert.equal((await ran(bob, "echo")).result, null, "another's job in the same hub");
  // What runs goes on, until even a session is too much.
  const more = await submitted(bob, "talks", { count: 5, bytes: 10_000 });
  for (let count = 0; count < 5; count += 1) await bob.until("job.event");
  await assert.rejects(connect("small", "bob.red"), /"store_full","of":"bytes","limit":81920/);
  bob.say("job.cancel", { job_id: more });
  // What alice has is all there, and what runs can be cancelled.
  await alice.close();
  const again = await connect("small", "alice.blue", { resume: alice.resumption(0) });
  for (let seq = 1; seq <= last.event_seq; seq += 1) assert.equal((await again.until("job.event")).event_seq, seq);
  again.say("job.cancel", { job_id: talks });
  const { event_seq: end } = await again.until("job.error");
  again.say("session.ack", { last_processed_seq: end });
  assert.equal((await ran(again, "echo")).result, null, "there is room again");
  await Promise.all([again.close(), bob.close()]);
});

test("after the Worker was killed the policy is asked again, too", bounded, async () => {
  const alice = await connect("team", "alice.blue");
  const job = await submitted(alice, "talks", { count: 2, bytes: 10 });
  const observers = [];
  for (const name of ["fay", "gus"]) {
    const client = await connect("team", `${name}.blue.audit`);
    client.say("job.subscribe", { job_id: job, history: true });
    await client.until("job.subscribed");
    for (let count = 0; count < 2; count += 1) await client.until("job.event");
    observers.push(client);
  }
  await worker.kill();
  await worker.start();
  const [fay, gus] = observers;
  const still = await connect("team", "fay.blue.audit", { resume: fay.resumption(1) });
  const frames = [await still.next(), await still.next()];
  assert.deepEqual(
    frames.map(({ event_seq: seq, payload }) => [seq, payload.kind ?? payload.code]),
    [
      [2, "thought"],
      [3, "INTERNAL_ERROR"],
    ],
    "a run does not survive",
  );
  const less = await connect("team", "gus.blue", { resume: gus.resumption(1) });
  const told = [await less.next(), await less.next()];
  assert.deepEqual(
    told.map(({ event_seq: seq, payload }) => [seq, payload.kind ?? payload.code]),
    [
      [2, "x-vendor.arcgate.dropped"],
      [3, "PERMISSION_DENIED"],
    ],
  );
  const back = await connect("team", "alice.blue", { resume: alice.resumption(0) });
  assert.equal((await back.until("job.error")).payload.code, "INTERNAL_ERROR");
  await Promise.all([still.close(), less.close(), back.close()]);
});
