// Sessions that are held in workerd, when something is lost: the upstream, a write, the process.

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
  logged,
  nextOf,
  refused,
  seqs,
  startHolds,
  submitted,
  takenUp,
  worker,
} from "./hold/holds.mjs";

startHolds();

test("an upstream that is lost is taken up again, while the client is away and while it is there", async () => {
  const { client, upstream } = await both();
  await submitted({ client, upstream });
  event(upstream, 1);
  await frames(client, 1);
  await cut(client);
  event(upstream, 2);
  upstream.send(frame("session.ping", { nonce: "n", sent_at: "x" }, { session_id: client.id }));
  for (;;) if ((await upstream.next()).type === "session.pong") break;
  upstream.socket.close();
  const second = await takenUp(client.id);
  event(second, 3);
  const { resume } = second.hello.payload;
  assert.deepEqual([resume.session_id, resume.resume_token, resume.last_event_seq], [client.id, `rtk_${client.id}`, 2]);
  const back = await again(client, 1);
  assert.deepEqual(seqs(await frames(back, 2)), [2, 3]);
  second.socket.terminate();
  assert.equal((await back.toEnd()).code, 1012, "it comes back, and finds out what its jobs have come to");
  const third = await takenUp(client.id);
  assert.equal(third.hello.payload.resume.last_event_seq, 3);
  const last = await again(back, 3);
  event(third, 4);
  assert.deepEqual(seqs(await frames(last, 1)), [4]);
  await cut(last);
});

test("what was kept is given before a session ends that the upstream has lost", async () => {
  const { client, upstream } = await both();
  await submitted({ client, upstream });
  await cut(client);
  event(upstream, 1);
  upstream.say("job.result", { final_status: "success", result: 7 }, { job_id: "job_1", event_seq: 2 });
  upstream.say("session.bye", { reason: "shutdown" });
  assert.ok((await nextOf(upstream)).closed);
  const back = await again(client, 0);
  assert.deepEqual(
    (await frames(back, 3)).map(({ type }) => type),
    ["job.accepted", "job.event", "job.result"],
  );
  assert.equal((await back.toEnd()).code, 1012);
  assert.deepEqual(await refused(back.resumption(2)), ["RESUME_WINDOW_EXPIRED", 1000]);
});

test("what can't be written is told to nobody, and comes when the disk has room again", async () => {
  const { client, upstream } = await both("alice", "/failing");
  await submitted({ client, upstream });
  event(upstream, 1);
  await frames(client, 1);
  await fetch(`${worker.url}/fill`);
  event(upstream, 2);
  const { frames: told, code } = await client.toEnd();
  assert.deepEqual([seqs(told.filter(({ event_seq }) => event_seq)), code], [[], 1012]);
  const { code: named, retryable, details } = told.at(-1).payload;
  assert.deepEqual([named, retryable, details], ["INTERNAL_ERROR", true, { reason: "not_stored" }]);
  assert.equal((await logged("arcp.storage")).reason, "disk_full");
  for (;;) if ((await logged("arcp.session")).reason === "not_stored") break;
  await fetch(`${worker.url}/fill`);
  const coming = takenUp(client.id);
  const back = await again(client, 1, { path: "/failing" });
  const second = await coming;
  assert.equal(second.hello.payload.resume.last_event_seq, 1, "it was not acknowledged there, either");
  event(second, 2);
  assert.deepEqual(seqs(await frames(back, 1)), [2]);
  await cut(back);
});

test("who comes where nothing can be written is told so by a name, and so is the log", async () => {
  const socket = await rawSocket(at("/full"));
  socket.send(hello("alice"));
  const { frames: told, code } = await socket.toEnd();
  const { code: named, retryable, details } = told.at(-1).payload;
  assert.deepEqual([code, named, retryable, details], [1012, "INTERNAL_ERROR", true, { reason: "not_stored" }]);
  for (;;) if ((await logged("arcp.hello")).reason === "not_stored") break;
});

const tables = async () => (await fetch(`${worker.url}/tables`)).json();

test("who has left leaves no database, and has one again with the next session", async () => {
  const { client, upstream } = await both("bob");
  await submitted({ client, upstream });
  assert.ok((await tables()).length > 0);
  client.say("session.bye", { reason: "done" });
  await client.toEnd();
  while ((await tables()).length > 0);
  const next = await both("bob");
  await submitted(next);
  event(next.upstream, 1);
  await frames(next.client, 1);
  await cut(next.client);
  const back = await again(next.client, 0, { token: "bob" });
  assert.deepEqual(seqs((await frames(back, 2)).filter(({ event_seq }) => event_seq)), [1]);
  await cut(back);
});

test("a process that is killed comes back with what was held", async () => {
  const { client, upstream } = await both();
  await submitted({ client, upstream });
  event(upstream, 1);
  await frames(client, 1);
  await cut(client);
  for (const seq of [2, 3]) event(upstream, seq);
  upstream.send(frame("session.ping", { nonce: "n", sent_at: "x" }, { session_id: client.id }));
  for (;;) if ((await upstream.next()).type === "session.pong") break;
  await worker.kill();
  await worker.start();
  const coming = takenUp(client.id);
  const back = await again(client, 1);
  const second = await coming;
  assert.equal(second.hello.payload.resume.last_event_seq, 3);
  assert.deepEqual(seqs(await frames(back, 2)), [2, 3]);
  const id = back.say("session.list_jobs", {});
  await nextOf(second);
  const jobs = [{ job_id: "job_1", status: "running" }];
  second.send(frame("session.jobs", { request_id: id, jobs }, { session_id: client.id }));
  event(second, 4);
  const [page, fourth] = await frames(back, 2);
  assert.deepEqual([page.payload.jobs[0].last_event_seq, fourth.event_seq], [3, 4]);
  await cut(back);
});
