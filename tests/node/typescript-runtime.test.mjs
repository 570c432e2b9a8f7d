// The runtime that stands in for the TypeScript SDK's has its habits: what docs/arcp-peers.md says of it, so that nothing that is
// shown with it is shown with a kinder one.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { frame, hello, rawSocket, session } from "../lib/arcp.mjs";
import { startTypescriptRuntime } from "../lib/typescript-runtime/runtime.mjs";

const runtime = await startTypescriptRuntime();
after(() => runtime.close());

const open = (token = "tok-alice") => session(runtime.url, token);

async function submit(one, agent, input, more = {}) {
  one.say("job.submit", { agent, input, ...more });
  return (await one.until("job.accepted")).payload.job_id;
}

/** Opens a session, runs `slow` until its event number `last`, and cuts the connection. */
async function cutAt(last, more) {
  const one = await open();
  const job = await submit(one, "slow", { ticks: 5 }, more);
  while ((await one.until("job.event")).event_seq < last);
  runtime.cut();
  await one.closed();
  return { one, job };
}

// A job finds out with its next event; then it is gone.
async function untilUnlisted(one, job) {
  for (let isListed = true; isListed; ) {
    one.say("session.list_jobs", {});
    const { payload } = await one.until("session.jobs");
    isListed = payload.jobs.some(({ job_id }) => job_id === job);
  }
}

async function resumed(one, last, token = "tok-alice") {
  const back = await rawSocket(runtime.url);
  back.send(hello(token, { resume: one.resumption(last) }));
  const answer = await back.next();
  const say = (type, payload, changes) => back.send(frame(type, payload, { session_id: one.id, ...changes }));
  return { ...back, answer, say };
}

describe("a session that lost its connection", () => {
  test("is refused when there is nothing to replay, and granted from one number lower, on the same socket", async () => {
    const one = await open();
    await submit(one, "echo", 1);
    const { event_seq: last } = await one.until("job.result");
    await one.close();
    const back = await resumed(one, last);
    assert.equal(back.answer.payload.code, "RESUME_WINDOW_EXPIRED");
    back.send(hello("tok-alice", { resume: one.resumption(last - 1) }));
    assert.equal((await back.next()).type, "session.welcome");
    assert.equal((await back.next()).event_seq, last);
  });

  test("loses its running jobs: nothing more, no end, not in the list, not to be subscribed to", async () => {
    const { one, job } = await cutAt(5, { idempotency_key: "lost" });
    const back = await resumed(one, 4);
    assert.equal(back.answer.type, "session.welcome");
    await untilUnlisted(back, job);
    back.say("job.subscribe", { job_id: job, history: true });
    assert.equal((await back.until("job.error")).payload.code, "JOB_NOT_FOUND");
    const again = await submit(back, "slow", { ticks: 5 }, { idempotency_key: "lost" });
    assert.equal(again, job, "the key still knows it");
    back.say("session.ping", { nonce: "n", sent_at: new Date().toISOString() });
    assert.equal((await back.next()).type, "session.pong", "and says nothing of how it ended");
  });

  test("who resumes it isn't asked", async () => {
    const { one } = await cutAt(3);
    assert.equal((await resumed(one, 2, "tok-bob")).answer.session_id, one.id);
  });

  test("a connection that is still there keeps its jobs, and the one that resumed hears nothing of them", async () => {
    const one = await open();
    const job = await submit(one, "gated", { name: "kept", before: 1, after: 1 });
    const seen = await one.until("job.event");
    const back = await resumed(one, seen.event_seq);
    await back.until("job.event");
    back.say("job.cancel", { reason: "enough" }, { job_id: job });
    assert.equal((await back.until("job.error")).payload.code, "PERMISSION_DENIED");
    back.say("job.submit", { agent: "gated", input: { name: "kept", open: true } });
    assert.equal((await one.until("job.result")).job_id, job);
    const { payload } = await back.until("job.result");
    assert.equal(payload.result, "opened");
  });
});

test("a follower hears no end of a job whose own session lost its connection", async () => {
  const owner = await open();
  const job = await submit(owner, "slow", { ticks: 5 });
  const follower = await open();
  follower.say("job.subscribe", { job_id: job });
  await follower.until("job.subscribed");
  owner.socket.close();
  await owner.closed();
  await untilUnlisted(follower, job);
  follower.say("session.ping", { nonce: "n", sent_at: new Date().toISOString() });
  await follower.until("session.pong", ({ type }) => assert.equal(type, "job.event"));
});

test("a thousand events that nobody acknowledged are followed by one more, and too many frames end the session", async () => {
  const small = await startTypescriptRuntime({ maxFrames: 1500 });
  try {
    const one = await session(small.url, "tok-alice");
    await submit(one, "count", { to: 1400 });
    const phases = [];
    await one.until("job.result", ({ payload }) => payload.body?.phase && phases.push(payload.body.phase));
    assert.deepEqual(phases, ["running", "back_pressure"]);
    await submit(one, "count", { to: 1400 });
    const { frames, code } = await one.toEnd();
    assert.equal(frames.at(-1).payload.code, "INTERNAL_ERROR");
    assert.equal(code, 1005);
  } finally {
    await small.close();
  }
});

test("what it doesn't take, it swallows, and a bad token leaves the socket open", async () => {
  const one = await rawSocket(runtime.url);
  one.send(hello("nobody's"));
  const refused = await one.next();
  assert.equal(refused.payload.code, "UNAUTHENTICATED");
  assert.ok(!("session_id" in refused));
  one.send("{");
  one.send(frame("job.submit", { agent: "echo" }, { session_id: "sess_none" }));
  one.send(hello("tok-alice"));
  assert.equal((await one.next()).type, "session.welcome");
});
