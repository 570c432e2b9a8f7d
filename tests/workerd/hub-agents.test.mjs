// The embedded runtime in its Durable Object: what agents say, may not say, and how fast.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bounded, connect, submitted, toTheEnd, upTo, worker } from "./hub-worker/started.mjs";

const turn = () => new Promise((resolve) => setTimeout(resolve, 20));

test("what an agent gets, and what it may get wrong", bounded, async () => {
  const client = await connect("alice");
  const run = async (payload) => (await toTheEnd(client, await submitted(client, payload))).map((one) => one.payload);
  const [context] = await run({ agent: "context", lease_request: { "fs.read": ["/a/**"] } });
  assert.deepEqual(context.result.lease, { "fs.read": ["/a/**"] });
  assert.deepEqual(context.result.keys, ["jobId", "agent", "traceId", "signal", "lease", "log", "progress"]);
  assert.ok(!JSON.stringify(context).includes("alice"), "not who it is");
  const [failed] = await run({ agent: "fails" });
  assert.equal(failed.code, "INTERNAL_ERROR");
  assert.ok(!JSON.stringify(failed).includes("secret"));
  const [cyclic] = await run({ agent: "cyclic" });
  assert.equal(cyclic.code, "INTERNAL_ERROR");
  const [wrong] = await run({ agent: "count", input: { to: -1 } });
  assert.equal(wrong.code, "INVALID_REQUEST");
  assert.match(wrong.message, /`to` must be/);
  const chunks = await run({ agent: "chunks" });
  const bodies = chunks.slice(0, -1).map(({ body }) => body);
  assert.equal(bodies.map(({ data }) => data).join(""), "Hello, World!");
  assert.deepEqual(
    bodies.map(({ more }) => more),
    [true, true, true, false],
  );
  assert.deepEqual(
    bodies.map(({ chunk_seq: seq }) => seq),
    [0, 1, 2, 3],
  );
  assert.equal(chunks.at(-1).result_id, bodies[0].result_id);
  assert.equal(chunks.at(-1).result_size, 13);
  const [version] = await run({ agent: "multi" });
  assert.equal(version.result, "two");
  await client.close();
});

test("what an agent can't say ends its job by name, and its clean-up runs", bounded, async () => {
  const client = await connect("alice");
  for (const [what, reason, extra] of [
    ["bigint", "bigint", { kind: "x-vendor.acme.thing" }],
    ["cycle", "cycle", { kind: "x-vendor.acme.thing" }],
    ["throws", "throws", { kind: "x-vendor.acme.thing" }],
    ["getter", "throws", {}],
    ["nothing", "no_value", {}],
    ["function", "no_value", {}],
    ["text", "not_an_event", {}],
    ["deep", "too_deep", { kind: "x-vendor.acme.thing", limit: 30 }],
    ["large", "too_large", { kind: "thought", bytes: 1_500_037, limit: 1_000_000 }],
    ["negative", "wrong_body", { kind: "progress" }],
  ]) {
    const job = await submitted(client, { agent: "odd", input: { what } });
    const frames = await toTheEnd(client, job);
    const { type, payload } = frames.at(-1);
    assert.equal(frames[0].payload.body.data, "first ", what);
    assert.equal(type, "job.error", what);
    assert.deepEqual(payload.details, { reason, event: 2, ...extra }, what);
    assert.deepEqual([payload.code, payload.retryable], ["INTERNAL_ERROR", false]);
    const line = () => worker.log.find((one) => one.includes(job) && one.includes('"arcp.job"'));
    while (!line() || !worker.log.some((one) => one.includes(`cleaned up after ${what}`))) await turn();
    assert.equal(JSON.parse(line()).detail, payload.message);
  }
  for (const [what, details] of [
    ["large", { reason: "too_large", bytes: 1_500_002, limit: 1_000_000 }],
    ["deep", { reason: "too_deep", limit: 30 }],
    ["bigint", { reason: "bigint" }],
    ["function", { reason: "no_value" }],
  ]) {
    const job = await submitted(client, { agent: "returns", input: { what } });
    const { payload } = (await toTheEnd(client, job)).at(-1);
    assert.deepEqual([payload.details, payload.retryable], [details, false]);
  }
  await client.close();
});

test("whatever an agent throws, its job ends", bounded, async () => {
  const client = await connect("alice");
  for (const what of ["getter", "bare", null, "text"]) {
    const job = await submitted(client, { agent: "throws", input: { what } });
    const { payload } = (await toTheEnd(client, job)).at(-1);
    assert.deepEqual([payload.code, payload.retryable], ["INTERNAL_ERROR", true]);
  }
  await client.close();
});

test("a text that is cut anywhere is whole again", bounded, async () => {
  const client = await connect("alice");
  const text = "Total: \u{1F4B0} are due, do NOT \u{1F6AB} pay twice";
  const run = async (input) => toTheEnd(client, await submitted(client, { agent: "stream", input }));
  const joined = (frames) =>
    frames
      .slice(0, -1)
      .map(({ payload }) => payload.body.data)
      .join("");
  for (const size of [1, 2, 8]) {
    const frames = await run({ text, size });
    assert.equal(joined(frames), text);
    assert.equal(frames.at(-1).payload.result_size, new TextEncoder().encode(text).length);
  }
  const half = await run({ text, cut: 8, size: 3 });
  assert.equal(joined(half), "Total: \ufffd", "half a character that stays alone");
  await client.close();
});

test("a client that reads slowly gets all of its session's first job", bounded, async () => {
  const client = await connect("alice");
  const job = await submitted(client, { agent: "floods", input: { to: 20_000 } });
  const seen = [];
  const next = async () => {
    const got = await client.next();
    assert.ok(!got.closed, JSON.stringify(got.closed));
    if (got.event_seq !== undefined) seen.push(got.event_seq);
    return got;
  };
  // It acknowledges nothing, and another job of its comes through.
  client.say("job.submit", { agent: "echo", input: "beside" });
  for (let got; got?.payload.result !== "beside"; ) got = await next();
  client.say("session.ack", { last_processed_seq: seen.at(-1) });
  for (;;) {
    const got = await next();
    if (got.event_seq % 1000 === 0) client.say("session.ack", { last_processed_seq: got.event_seq });
    if (got.type === "job.result" && got.job_id === job) break;
  }
  assert.deepEqual(seen, upTo(1, 20_002));
  await client.close();
});

test("an agent that never waits starves nobody, and is held for a reader that acknowledges", bounded, async () => {
  const client = await connect("alice");
  const job = await submitted(client, { agent: "floods", input: { to: 20_000 } });
  const seen = [];
  client.say("session.ack", { last_processed_seq: 0 });
  for (;;) {
    const got = await client.next();
    assert.ok(!got.closed, JSON.stringify(got.closed));
    seen.push(got.event_seq);
    if (got.event_seq % 1000 === 0) client.say("session.ack", { last_processed_seq: got.event_seq });
    if (got.type === "job.result" && got.job_id === job) break;
  }
  assert.deepEqual(seen, upTo(1, 20_001));
  await client.close();
});

test(
  "a trap in the module ends sessions and agents with 1012, and the next instance goes on with what was kept",
  bounded,
  async () => {
    const client = await connect("trapped");
    const lost = await submitted(client, { agent: "count", input: { to: 100_000, delayMs: 20 } });
    const { event_seq: seq } = await client.until("job.event");
    assert.equal(await (await fetch(`${worker.url}/trap`)).text(), "ERR_INTERNAL");
    // The agent's next report, if not this, finds the old instance gone.
    client.say("session.ping", { nonce: "n", sent_at: new Date().toISOString() });
    assert.equal((await client.closed()).code, 1012);
    const next = await connect("trapped", { hello: { resume: client.resumption(seq) } });
    const frames = await toTheEnd(next, lost);
    assert.deepEqual(
      frames.map((frame) => frame.event_seq),
      upTo(seq + 1, frames.at(-1).event_seq),
    );
    assert.deepEqual([frames.at(-1).payload.code, frames.at(-1).payload.retryable], ["INTERNAL_ERROR", true]);
    const job = await submitted(next, { agent: "echo", input: 1 });
    assert.equal((await toTheEnd(next, job)).at(-1).payload.result, 1);
    await next.close();
  },
);
