// Sessions that are held in workerd, before a runtime that does what a test says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, hello, rawSocket } from "../lib/arcp.mjs";
import {
  again,
  at,
  both,
  cut,
  event,
  frames,
  nextOf,
  refused,
  runtime,
  seqs,
  startHolds,
  submitted,
  takenUp,
  worker,
} from "./hold/holds.mjs";

startHolds();

test("what comes while the client is away is there when it is back, once, and the upstream sees one client", async () => {
  const { client, upstream } = await both();
  assert.deepEqual(upstream.hello.payload.auth, { scheme: "bearer", token: "up-alice" });
  await submitted({ client, upstream });
  for (const seq of [1, 2]) event(upstream, seq);
  assert.deepEqual(seqs(await frames(client, 2)), [1, 2]);
  const connections = runtime.connections;
  await cut(client);
  for (const seq of [3, 4]) event(upstream, seq);
  const back = await again(client, 1);
  assert.equal(back.id, client.id);
  assert.notEqual(back.welcome.payload.resume_token, client.welcome.payload.resume_token);
  assert.deepEqual(seqs(await frames(back, 3)), [2, 3, 4]);
  event(upstream, 5);
  assert.deepEqual(seqs(await frames(back, 1)), [5]);
  back.say("job.cancel", { job_id: "job_1", reason: "enough" }, { job_id: "job_1" });
  assert.equal((await nextOf(upstream)).type, "job.cancel", "on the same connection");
  assert.equal(runtime.connections, connections);
  await cut(back);
});

test("a session is had back by its principal and its latest token, and by nobody else", async () => {
  const { client, upstream } = await both();
  await cut(client);
  const before = runtime.connections;
  const resume = client.resumption(0);
  const no = ["RESUME_WINDOW_EXPIRED", 1000];
  assert.deepEqual(await refused(resume, { token: "bob" }), no, "bob's token");
  assert.deepEqual(await refused({ ...resume, resume_token: `rtk_${client.id}` }), no, "the upstream's token");
  assert.deepEqual(await refused({ ...resume, session_id: "sess_other" }), no);
  assert.deepEqual(await refused({ ...resume, last_event_seq: 7 }), no, "what never was");
  assert.equal(runtime.connections, before, "nothing was spent upstream");
  const back = await again(client, 0);
  back.say("session.ack", { last_processed_seq: 0 });
  const third = await again(back, 0);
  assert.equal((await back.closed()).code, 4409, "it goes on there");
  assert.deepEqual(await refused(resume), no, "an older token");
  assert.equal((await upstream.socket.readyState) === 1, true);
  await cut(third);
});

test("who says goodbye has left, and so has the session at the upstream", async () => {
  const { client, upstream } = await both();
  client.say("session.close", {});
  await client.until("session.closed");
  assert.equal((await nextOf(upstream)).type, "session.bye");
  assert.ok((await nextOf(upstream)).closed);
  assert.deepEqual(await refused(client.resumption(0)), ["RESUME_WINDOW_EXPIRED", 1000]);
});

test("who doesn't come back in time is given up", async () => {
  const { client, upstream } = await both("alice", "/brief");
  await cut(client);
  const { type, payload } = await nextOf(upstream);
  assert.deepEqual([type, payload.reason], ["session.bye", "window_over"]);
  assert.deepEqual(await refused(client.resumption(0), { path: "/brief" }), ["RESUME_WINDOW_EXPIRED", 1000]);
});

test("who misses more than is kept has lost the session", async () => {
  const { client, upstream } = await both("alice", "/small");
  await cut(client);
  for (let seq = 1; seq <= 6; seq += 1) event(upstream, seq);
  const { type, payload } = await nextOf(upstream);
  assert.deepEqual([type, payload.reason], ["session.bye", "missed_too_much"]);
  assert.deepEqual(await refused(client.resumption(0), { path: "/small" }), ["RESUME_WINDOW_EXPIRED", 1000]);
});

test("an answer that came while the client was away is given once", async () => {
  const { client, upstream } = await both();
  const id = client.say("session.list_jobs", {});
  await nextOf(upstream);
  await cut(client);
  upstream.send(frame("session.jobs", { request_id: id, jobs: [], next_cursor: null }, { session_id: client.id }));
  event(upstream, 1);
  const back = await again(client, 0);
  assert.deepEqual(
    (await frames(back, 2)).map(({ type }) => type),
    ["session.jobs", "job.event"],
  );
  await cut(back);
  const third = await again(back, 0);
  assert.deepEqual(
    (await frames(third, 1)).map(({ type }) => type),
    ["job.event"],
  );
  await cut(third);
});

test("that a job was accepted is told until the client has something that came later, and before what it has missed", async () => {
  const { client, upstream } = await both();
  const request_id = client.say("job.submit", { agent: "echo", input: 1 });
  await nextOf(upstream);
  await cut(client);
  event(upstream, 1, "another");
  const accepted = { job_id: "job_1", request_id, agent: "echo", lease: {}, accepted_at: "2026-01-01T00:00:00Z" };
  upstream.send(frame("job.accepted", accepted, { session_id: client.id }));
  event(upstream, 2);
  const types = async (back, count) => (await frames(back, count)).map(({ type }) => type);
  let back = client;
  for (let round = 0; round < 2; round += 1) {
    back = await again(back, 0);
    assert.deepEqual(await types(back, 3), ["job.accepted", "job.event", "job.event"]);
    await cut(back);
  }
  back = await again(back, 2);
  event(upstream, 3);
  assert.deepEqual(await types(back, 1), ["job.event"]);
  await cut(back);
});

test("numbers that a runtime gives again are counted on", async () => {
  const { client, upstream } = await both();
  await submitted({ client, upstream });
  for (const seq of [1, 2]) event(upstream, seq);
  for (const seq of [1, 2]) event(upstream, seq, "job_of_another_session");
  event(upstream, 3);
  assert.deepEqual(seqs(await frames(client, 5)), [1, 2, 3, 4, 5]);
  await cut(client);
});

test("what a client asks about its own job is answered by what is held", async () => {
  const { client, upstream } = await both();
  await submitted({ client, upstream });
  for (const seq of [1, 2]) event(upstream, seq);
  await frames(client, 2);
  const request = client.say("job.subscribe", { job_id: "job_1", from_event_seq: 1 });
  const [subscribed, second] = await frames(client, 2);
  assert.deepEqual([subscribed.type, subscribed.payload.request_id], ["job.subscribed", request]);
  assert.deepEqual([subscribed.payload.subscribed_from, subscribed.payload.replayed], [3, true]);
  assert.equal(second.event_seq, 2);
  const list = client.say("session.list_jobs", {});
  await nextOf(upstream);
  const jobs = [
    { job_id: "job_1", status: "running" },
    { job_id: "job_2", status: "running" },
  ];
  upstream.send(frame("session.jobs", { request_id: list, jobs, next_cursor: null }, { session_id: client.id }));
  const [page] = await frames(client, 1);
  assert.deepEqual(page.payload.jobs, [{ ...jobs[0], last_event_seq: 2 }, jobs[1]]);
  await cut(client);
});

test("an upstream that can't be had is told to who waits", async () => {
  runtime.greets = false;
  try {
    const upstream = runtime.next();
    const socket = await rawSocket(at());
    socket.send(hello("alice"));
    const peer = await upstream;
    await peer.next();
    peer.send(frame("session.error", { code: "UNAUTHENTICATED", message: "no", retryable: false }));
    const { frames: told, code } = await socket.toEnd();
    assert.deepEqual([told.at(-1).payload.code, code], ["INTERNAL_ERROR", 1012]);
  } finally {
    runtime.greets = true;
  }
});

test("one session more than may be is the end of the one that is longest away", async () => {
  const first = await both("alice", "/few");
  const second = await rawSocket(at("/few"));
  second.send(hello("alice"));
  const { frames: told, code } = await second.toEnd();
  assert.deepEqual([told.at(-1).payload.details, code], [{ reason: "too_many_sessions", limit: 1 }, 4429]);
  await cut(first.client);
  const third = await both("alice", "/few");
  assert.equal((await nextOf(first.upstream)).payload.reason, "too_many_sessions");
  const bobs = await both("bob", "/few");
  await Promise.all([cut(third.client), cut(bobs.client)]);
});

test("a token that has ended opens no upstream again before there is a fresh one", async () => {
  const ends = Date.now() + 60_000;
  const { client, upstream } = await both(`alice.${ends}`, "/through");
  assert.equal(upstream.hello.payload.auth.token, `alice.${ends}`);
  await cut(client);
  const later = `alice.${ends + 60_000}`;
  const back = await again(client, 0, { path: "/through", token: later });
  upstream.socket.terminate();
  await back.toEnd();
  assert.equal((await takenUp(client.id)).hello.payload.auth.token, later, "the fresh one");
});

test("without the binding nothing is held, and the log says so once", async () => {
  for (let round = 0; round < 2; round += 1) {
    const { client, upstream } = await both("alice", "/unbound");
    await cut(client);
    assert.ok((await nextOf(upstream)).closed);
  }
  assert.equal(worker.log.filter((line) => line.includes("bind the Durable Object SessionHold")).length, 1);
});
