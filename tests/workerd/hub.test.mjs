// The embedded runtime in its Durable Object: whole sessions over real sockets, without the gate.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rawSocket } from "../lib/arcp.mjs";
import { bounded, connect, submitted, toTheEnd, upTo, url, worker } from "./hub-worker/started.mjs";

const resume = (client, who, seq) => connect(who, { hello: { resume: client.resumption(seq) } });
const numbers = (frames) => frames.map(({ event_seq: seq }) => seq);

test("hello, submit, result, goodbye", bounded, async () => {
  const client = await connect("alice");
  assert.deepEqual(client.welcome.payload.capabilities.agents[0], { name: "echo", versions: [] });
  const job = await submitted(client, { agent: "echo", input: { text: "hi", list: [1, null] } });
  const [result] = await toTheEnd(client, job);
  assert.equal(result.payload.final_status, "success");
  assert.deepEqual(result.payload.result, { text: "hi", list: [1, null] });
  client.say("session.close");
  await client.until("session.closed");
  assert.equal((await client.closed()).code, 1000);
});

test("count: a progress event a step, then the number", bounded, async () => {
  const client = await connect("alice");
  const job = await submitted(client, { agent: "count", input: { to: 5 } });
  const frames = await toTheEnd(client, job);
  assert.deepEqual(
    frames.slice(0, 5).map(({ payload }) => [payload.kind, payload.body]),
    upTo(1, 5).map((current) => ["progress", { current, total: 5 }]),
  );
  assert.equal(frames[5].payload.result, 5);
  assert.deepEqual(numbers(frames), upTo(1, 6));
  await client.close();
});

test("dropped while count runs, and resumed: nothing is lost or doubled", bounded, async () => {
  const first = await connect("alice");
  const job = await submitted(first, { agent: "count", input: { to: 40, delayMs: 25 } });
  const seen = [];
  while (seen.length < 5) seen.push((await first.until("job.event")).event_seq);
  await first.close();
  const second = await resume(first, "alice", seen.at(-1));
  assert.equal(second.id, first.id);
  const frames = await toTheEnd(second, job);
  assert.deepEqual([...seen, ...numbers(frames)], upTo(1, 41));
  assert.equal(frames.at(-1).payload.result, 40);
  await second.close();
});

test("who is closed for asking for too much is not let in by coming again, and others are", bounded, async () => {
  const path = "/open";
  const resuming = await connect("hasty", { path });
  const hello = { resume: resuming.resumption(0) };
  await resuming.close();
  const isRefused = (thrown) => {
    assert.match(thrown.message, /"code":"INTERNAL_ERROR".*"details":\{"reason":"too_many_requests"\}/);
    return true;
  };
  // What is owed is paid off all the while: until one comes in time.
  for (let refusals = 0; refusals < 2; ) {
    let client;
    try {
      client = await connect("hasty", refusals === 0 ? { path } : { path, hello });
    } catch (thrown) {
      refusals += Number(isRefused(thrown));
      continue;
    }
    // Where there is a policy, a list has the price of all jobs that there may be.
    for (let n = 0; n < 500; n += 1) client.say("session.list_jobs", {});
    // What is still on its way when the hub closes may break the close itself.
    assert.ok([4429, 1006].includes((await client.toEnd()).code));
  }
  const other = await connect("patient", { path });
  assert.equal((await toTheEnd(other, await submitted(other, { agent: "echo", input: 1 }))).at(-1).payload.result, 1);
  await other.close();
});

test("a job goes on while nobody is connected", bounded, async () => {
  const first = await connect("alice");
  const job = await submitted(first, { agent: "count", input: { to: 20, delayMs: 10 } });
  await first.close();
  const other = await connect("alice");
  const status = async () => {
    other.say("session.list_jobs", {});
    const { payload } = await other.until("session.jobs");
    return payload.jobs.find(({ job_id: id }) => id === job).status;
  };
  while ((await status()) === "running");
  assert.equal(await status(), "success");
  const second = await resume(first, "alice", 0);
  assert.deepEqual(numbers(await toTheEnd(second, job)), upTo(1, 21));
});

test("cancel: acknowledged, the agent is told, one end", bounded, async () => {
  const client = await connect("alice");
  const job = await submitted(client, { agent: "count", input: { to: 100_000, delayMs: 20 } });
  await client.until("job.event");
  client.say("job.cancel", { reason: "enough" }, { job_id: job });
  const frames = await toTheEnd(client, job);
  assert.ok(frames.some(({ type, payload }) => type === "job.cancelled" && payload.job_id === job));
  const { type, payload } = frames.at(-1);
  assert.equal(type, "job.error");
  assert.equal(payload.code, "CANCELLED");
  assert.equal(payload.final_status, "cancelled");
  // An agent that doesn't listen is no longer waited for.
  const deaf = await submitted(client, { agent: "deaf" });
  client.say("job.cancel", { job_id: deaf });
  assert.equal((await toTheEnd(client, deaf)).at(-1).payload.final_status, "cancelled");
  await client.close();
});

test("max_runtime_sec and lease_constraints.expires_at end a job", bounded, async () => {
  const features = ["lease_expires_at"];
  const client = await connect("alice", { hello: { capabilities: { encodings: ["json"], features } } });
  const slow = await submitted(client, { agent: "deaf", max_runtime_sec: 0.05 });
  const [late] = await toTheEnd(client, slow);
  assert.deepEqual([late.payload.code, late.payload.final_status], ["TIMEOUT", "timed_out"]);
  const expires_at = new Date(Date.now() + 5000).toISOString();
  const leased = await submitted(client, { agent: "deaf", lease_constraints: { expires_at } });
  const [over] = await toTheEnd(client, leased);
  assert.deepEqual([over.payload.code, over.payload.final_status], ["LEASE_EXPIRED", "error"]);
  await client.close();
});

test("another's job is like no job, wherever the hub is shared", bounded, async () => {
  const alice = await connect("alice");
  const bob = await connect("bob");
  const job = await submitted(alice, { agent: "deaf" });
  bob.say("session.list_jobs", {});
  assert.deepEqual((await bob.until("session.jobs")).payload.jobs, []);
  const answer = async (type, payload) => {
    const id = bob.say(type, payload);
    const { payload: error } = await bob.until("session.error");
    assert.equal(error.request_id, id);
    return { ...error, request_id: undefined };
  };
  for (const type of ["job.cancel", "job.subscribe"]) {
    const theirs = await answer(type, { job_id: job });
    assert.equal(theirs.code, "JOB_NOT_FOUND");
    assert.deepEqual(await answer(type, { job_id: "job_unknown" }), theirs);
  }
  const thief = await rawSocket(`${url}/all?who=bob`);
  const { hello } = await import("../lib/arcp.mjs");
  thief.send(hello("", { resume: alice.resumption(0) }));
  const { frames, code } = await thief.toEnd();
  assert.equal(frames[0].payload.code, "RESUME_WINDOW_EXPIRED");
  assert.equal(code, 4400);
  await alice.close();
  await bob.close();
});

test("by default each principal has a hub of its own", bounded, async () => {
  const alice = await connect("alice", { path: "/own" });
  const again = await connect("alice", { path: "/own" });
  const job = await submitted(alice, { agent: "echo" });
  await toTheEnd(alice, job);
  again.say("session.list_jobs", {});
  assert.deepEqual(
    (await again.until("session.jobs")).payload.jobs.map(({ job_id: id }) => id),
    [job],
  );
  await alice.close();
  await again.close();
});

test("a policy may let others watch and cancel", bounded, async () => {
  const path = "/open";
  const alice = await connect("alice", { path });
  const auditor = await connect("auditor", { path });
  const bob = await connect("bob", { path });
  const job = await submitted(alice, { agent: "count", input: { to: 100_000, delayMs: 20 } });
  for (const [client, seen] of [
    [auditor, [job]],
    [bob, []],
  ]) {
    client.say("session.list_jobs", {});
    const { payload } = await client.until("session.jobs");
    assert.deepEqual(
      payload.jobs.map(({ job_id: id }) => id),
      seen,
    );
  }
  auditor.say("job.subscribe", { job_id: job });
  assert.equal((await auditor.until("job.subscribed")).payload.current_status, "running");
  await auditor.until("job.event");
  auditor.say("job.cancel", { job_id: job });
  assert.equal((await auditor.until("session.error")).payload.code, "JOB_NOT_FOUND");
  alice.say("job.cancel", { job_id: job });
  assert.equal((await toTheEnd(auditor, job)).at(-1).payload.code, "CANCELLED");
  const deaf = await submitted(alice, { agent: "deaf" });
  auditor.say("job.cancel", { job_id: deaf });
  await auditor.until("job.cancelled");
  assert.equal((await toTheEnd(alice, deaf)).at(-1).payload.code, "CANCELLED");
  const broken = await connect("broken", { path });
  const own = await submitted(broken, { agent: "deaf" });
  broken.say("job.cancel", { job_id: own });
  assert.equal((await broken.until("session.error")).payload.code, "JOB_NOT_FOUND", "a policy that fails says no");
  for (const client of [alice, auditor, bob, broken]) await client.close();
});

test("a pipe of another version is refused", bounded, async () => {
  assert.equal((await fetch(`${worker.url}/version`)).status, 426);
});

test("the audit log says who did what, and no input, output or token", bounded, async () => {
  const client = await connect("audited");
  const job = await submitted(client, { agent: "fails", input: "private" });
  await toTheEnd(client, job);
  await client.close();
  const lines = async () => worker.log.filter((line) => line.includes(job)).map((line) => JSON.parse(line));
  while ((await lines()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  const [submit, end] = await lines();
  assert.deepEqual([submit.type, submit.outcome, submit.principal], ["arcp.submit", "allowed", "static||audited"]);
  assert.deepEqual([end.type, end.outcome, end.detail], ["arcp.job", "failed", "secret detail of the agent"]);
  assert.deepEqual(
    worker.log.filter((line) => /private|rt_[0-9a-f]{16}/.test(line)),
    [],
  );
});
