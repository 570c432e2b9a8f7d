// The SDK's client against the SDK's runtime: what docs/arcp-peers.md says of them, so that a new release is noticed.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hello, rawSocket, session } from "../lib/arcp.mjs";
import { pythonClient, received, startRelay, startRuntime, startServe } from "../lib/arcp-peers.mjs";

let runtime;
let relay;
const token = "tok-alice";

before(async () => {
  runtime = await startRuntime({ tokens: { "tok-alice": "alice", "tok-bob": "bob" } });
  relay = await startRelay(runtime.port);
});

after(async () => {
  await relay?.close();
  await runtime?.close();
});

const of = (frames, type) => frames.filter((frame) => frame.type === type);

test("the driver works: submit, events, chunks, cancel, list, subscribe, resume", async () => {
  const { url } = runtime;
  const outcomes = await pythonClient(
    { do: "connect", url, token },
    { do: "submit", agent: "count", input: { to: 2 } },
    { do: "events" },
    { do: "result" },
    { do: "submit", agent: "stream", input: { text: ["ab", "ç"] }, name: "s" },
    { do: "chunks", job: "s" },
    { do: "submit", agent: "slow", name: "l" },
    { do: "connect", as: "other", url, token },
    { do: "subscribe", as: "other", job: "l", name: "watched" },
    { do: "cancel", job: "l" },
    { do: "result", job: "l" },
    { do: "result", job: "watched" },
    { do: "list" },
    { do: "submit", agent: "fail", name: "f" },
    { do: "result", job: "f" },
    { do: "drop" },
    { do: "resume", as: "again", of: "it", url, token, lastSeq: 1 },
    { do: "frames", as: "again", type: "job.error" },
    { do: "close", as: "again" },
  );
  const [, , events, counted, , chunks, , , , , cancelled, watched, list, , failed, , , replay] = outcomes;
  assert.deepEqual(
    events.events.map(({ body }) => body.current),
    [1, 2],
  );
  assert.equal(counted.result, 2);
  assert.equal(Buffer.from(chunks.base64, "base64").toString(), "abç");
  assert.equal(cancelled.finalStatus, "cancelled");
  assert.equal(watched.finalStatus, "cancelled");
  assert.equal(list.jobs.length, 3);
  assert.deepEqual([failed.code, failed.retryable], ["INTERNAL_ERROR", true]);
  const numbers = replay.frames.filter(({ event_seq }) => event_seq).map(({ event_seq }) => event_seq);
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 2),
    "the replay begins behind the last seen event, and has no gap",
  );
});

test("its hello has a mark: an empty list of agents", () => {
  assert.deepEqual(of(received(runtime), "session.hello")[0].payload.capabilities.agents, []);
});

test("`arcp serve` answers, and refuses a wrong token without a session id and with code 1000", async () => {
  const served = await startServe();
  try {
    const [, , result] = await pythonClient(
      { do: "connect", url: served.url, token },
      { do: "submit", agent: "echo", input: "x" },
      { do: "result" },
      { do: "close" },
    );
    assert.deepEqual(result.result, { echoed: "x" });
    const socket = await rawSocket(served.url);
    socket.send(hello("tok-eve"));
    const { frames, code } = await socket.toEnd();
    assert.deepEqual(
      [frames.length, frames[0].payload.code, frames[0].session_id, code],
      [1, "UNAUTHENTICATED", undefined, 1000],
    );
  } finally {
    await served.close();
  }
});

test("its runtime: what a job sends after a loss never comes, but the key brings its end", async () => {
  const first = await session(relay.url, token);
  first.say("job.submit", { agent: "gated", input: { name: "loss", before: 2, after: 1 }, idempotency_key: "loss" });
  const { job_id } = await first.until("job.accepted");
  await first.until("job.event");
  await first.until("job.event");
  const { connection } = runtime.seen.findLast((line) => line.in?.session_id === first.id);
  relay.cut();
  await runtime.when((line) => line.connection === connection && "closed" in line, "end of the connection");
  const again = await rawSocket(runtime.url);
  again.send(hello(token, { resume: first.resumption(1) }));
  assert.equal((await again.next()).session_id, first.id);
  assert.equal((await again.next()).event_seq, 2);
  const opener = await session(runtime.url, token);
  opener.say("job.submit", { agent: "gated", input: { name: "loss", open: true } });
  await opener.until("job.result");
  const says = (type, payload) => again.send({ ...hello(""), type, payload, session_id: first.id });
  says("session.list_jobs", {});
  const { jobs } = (await again.next()).payload;
  assert.equal(jobs.find((job) => job.job_id === job_id).status, "success", "and nothing was said of it before");
  says("job.submit", { agent: "gated", input: { name: "loss", before: 2, after: 1 }, idempotency_key: "loss" });
  assert.equal((await again.until("job.accepted")).job_id, job_id);
  assert.equal((await again.until("job.result")).payload.result, 3);
  await Promise.all([again.close(), opener.close()]);
});

test("its runtime: one wrong try at a resume destroys it for the owner", async () => {
  const owner = await session(runtime.url, token);
  const { connection } = runtime.seen.findLast((line) => line.connection && line.header);
  await owner.close();
  await runtime.when((line) => line.connection === connection && "closed" in line, "end of the connection");
  for (const other of ["tok-bob", token]) {
    const socket = await rawSocket(runtime.url);
    socket.send(hello(other, { resume: owner.resumption(0) }));
    assert.equal((await socket.next()).payload.code, "PERMISSION_DENIED", other);
  }
});
