// Sessions of ArcpClient with a scripted runtime: both ends, and what the application is told.

import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { ArcgateError, ArcpClient } from "../../pkg/entry.node.js";
import { startRuntime } from "./scripted-runtime.mjs";

export const me = { client: { name: "test", version: "1" } };
export const auth = { scheme: "bearer", token: "tok-alice" };

/** The runtime of this file's tests. */
export let runtime;
const unhandled = [];
process.on("unhandledRejection", (reason) => unhandled.push(reason));

const clients = [];
before(async () => {
  runtime = await startRuntime();
});
after(() => runtime.close());
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  runtime.greets = true;
  assert.deepEqual(unhandled, []);
});

// A client, the runtime's end of its connection, and what it was told.
export async function connect(options = {}, url = runtime.url) {
  const events = [];
  const waiting = new Set();
  const onEvent = (event) => {
    events.push(event);
    for (const look of waiting) look();
  };
  const connecting = ArcpClient.connect(url, { ...me, auth, onEvent, ...options });
  const peer = await runtime.next();
  const client = await connecting;
  clients.push(client);
  const told = (type, count = 1) =>
    new Promise((resolve) => {
      const look = () => {
        const found = events.filter((event) => event.type === type);
        if (found.length < count) return;
        waiting.delete(look);
        resolve(found[count - 1]);
      };
      waiting.add(look);
      look();
    });
  return { client, peer, events, told };
}

// A job that the runtime has accepted.
export async function submit({ client, peer }, id = "job_1", request = { agent: "echo" }) {
  const submitting = client.submit(request);
  const frame = await nextOf(peer, "job.submit");
  peer.say("job.accepted", {
    job_id: id,
    agent: request.agent,
    request_id: frame.id,
    accepted_at: "2026-01-01T00:00:00Z",
  });
  return submitting;
}

export async function nextOf(peer, type) {
  for (;;) {
    const frame = await peer.next(type);
    assert.ok(!frame.closed, `closed before ${type}`);
    if (frame.type === type) return frame;
  }
}

export const event = (peer, job, seq, body = { n: seq }) =>
  peer.say("job.event", { kind: "log", ts: "2026-01-01T00:00:00Z", body }, { job_id: job, event_seq: seq });
export const result = (peer, job, seq, value) =>
  peer.say("job.result", { final_status: "success", result: value }, { job_id: job, event_seq: seq });

export async function endOf(peer) {
  for (;;) {
    const { closed } = await peer.next("end");
    if (closed) return closed;
  }
}

export async function refusal(promise, code) {
  const error = await promise.then(
    () => assert.fail("it succeeded"),
    (thrown) => thrown,
  );
  assert.ok(error instanceof ArcgateError, String(error?.stack ?? error));
  assert.equal(error.code, code, error.message);
  return error;
}

// A token that ends in so many seconds, as far as anybody reads it.
export const jwt = (seconds, n = 0) => {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ exp: Date.now() / 1000 + seconds, n })}.c2ln`;
};

/** Waits for what has no event. */
export async function waitFor(look) {
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail("it did not come to pass");
}
