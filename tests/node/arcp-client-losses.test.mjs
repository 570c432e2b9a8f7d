// ArcpClient in Node, against a runtime that does what a test says, over real sockets: what comes in halves, too large, too much,
// or not at all, and what is told of it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect, event, nextOf, refusal, result, runtime, submit } from "../lib/arcp-client.mjs";

const half = "\ud83d";

describe("halves of characters", () => {
  test("a text that was cut inside a character is whole again", async () => {
    const session = await connect();
    const job = await submit(session);
    const text = "Total: \u{1F4B0} do NOT \u{1F6AB} pay twice";
    const pieces = Array.from({ length: text.length }, (_, at) => text.slice(at, at + 1));
    for (const [n, data] of pieces.entries()) {
      const body = { result_id: "r", chunk_seq: n, data, encoding: "utf8", more: n < pieces.length - 1 };
      session.peer.say("job.event", { kind: "result_chunk", ts: "x", body }, { job_id: "job_1", event_seq: n + 1 });
    }
    const end = { final_status: "success", result_id: "r", result_size: Buffer.byteLength(text) };
    session.peer.say("job.result", end, { job_id: "job_1", event_seq: pieces.length + 1 });
    assert.equal(await job.result, text);
    let read = "";
    for await (const { body } of job) read += body.data;
    assert.equal(read, text, "and so are the pieces");
  });

  test("one that stays alone is U+FFFD", async () => {
    const session = await connect();
    const job = await submit(session);
    const body = { text: `two ${half}`, [half]: [half] };
    session.peer.say("job.event", { kind: "thought", ts: "x", body }, { job_id: "job_1", event_seq: 1 });
    session.peer.say("job.result", { final_status: "success", result: half }, { job_id: "job_1", event_seq: 2 });
    assert.equal(await job.result, "\ufffd");
    for await (const one of job) assert.deepEqual(one.body, { text: "two \ufffd", "\ufffd": ["\ufffd"] });
    assert.ok(!session.events.some(({ type }) => type === "reconnecting"));
  });

  test("bytes that were cut inside a character are bytes", async () => {
    const session = await connect();
    const job = await submit(session);
    const bytes = Buffer.from("\u{1F4B0}");
    for (const [n, piece] of [bytes.subarray(0, 1), bytes.subarray(1)].entries()) {
      const body = { result_id: "r", chunk_seq: n, data: piece.toString("base64"), encoding: "base64", more: n === 0 };
      session.peer.say("job.event", { kind: "result_chunk", ts: "x", body }, { job_id: "job_1", event_seq: n + 1 });
    }
    const end = { final_status: "success", result_id: "r", result_size: 4 };
    session.peer.say("job.result", end, { job_id: "job_1", event_seq: 3 });
    assert.equal(new TextDecoder().decode(await job.result), "\u{1F4B0}");
  });

  test("what can't be said names where it is", async () => {
    const session = await connect();
    const { client } = session;
    let deep = 1;
    for (let level = 0; level < 80; level += 1) deep = [deep];
    for (const [input, path, reason] of [
      [{ items: ["ok \u{1F600}", { text: half }] }, "input.items[1].text", "half_character"],
      [{ deep }, "input.deep[0]", "too_deep"],
    ]) {
      const error = await refusal(client.submit({ agent: "echo", input, idempotencyKey: "k" }), "ERR_CONFIG");
      assert.ok(error.details.subject.startsWith(path) && error.message.includes(path), error.message);
      assert.equal(error.details.reason, reason);
    }
    await refusal(client.submit({ agent: "echo", idempotencyKey: half }), "ERR_CONFIG", "idempotencyKey");
    assert.equal(client.state, "open");
    await submit(session);
  });
});

describe("what can't be read", () => {
  test("twice the same is told as lost, and the rest comes", async () => {
    const session = await connect();
    const job = await submit(session);
    let body = {};
    for (let level = 0; level < 40; level += 1) body = { body };
    const deep = { kind: "thought", ts: "x", body };
    session.peer.say("job.event", deep, { job_id: "job_1", event_seq: 1 });
    const again = await runtime.next();
    await session.told("resumed");
    again.say("job.event", deep, { job_id: "job_1", event_seq: 1 });
    event(again, "job_1", 2);
    result(again, "job_1", 3, "all");
    assert.equal(await job.result, "all");
    const lost = session.events.find(({ type }) => type === "lost");
    assert.deepEqual([lost.reason, lost.jobs], ["UNREADABLE", ["job_1"]]);
    const kinds = [];
    for await (const one of job) kinds.push(one.kind);
    assert.deepEqual([kinds.length, kinds[0]], [2, "x-vendor.arcgate.dropped"]);
    assert.equal(session.events.filter(({ type }) => type === "reconnecting").length, 1);
  });
});

describe("too much", () => {
  test("a loop over one job may wait for another one", async () => {
    const session = await connect();
    const { peer, client } = session;
    const long = await submit(session, "job_1");
    const seen = [];
    const loop = (async () => {
      for await (const { seq } of long) {
        seen.push(seq);
        if (seq === 1) assert.equal(await (await client.submit({ agent: "echo" })).result, 7);
      }
    })();
    // A runtime that stops when 300 of its events are not acknowledged.
    for (let seq = 1; seq <= 300; seq += 1) event(peer, "job_1", seq);
    const { id } = await nextOf(peer, "job.submit");
    assert.equal((await nextOf(peer, "job.unsubscribe")).payload.job_id, "job_1");
    assert.equal((await nextOf(peer, "session.ack")).payload.last_processed_seq, 300);
    peer.say("job.accepted", { job_id: "job_2", agent: "echo", accepted_at: "x", request_id: id }, { job_id: "job_2" });
    result(peer, "job_2", 301, 7);
    const subscribe = await nextOf(peer, "job.subscribe");
    assert.deepEqual(subscribe.payload, { job_id: "job_1", from_event_seq: 300, history: true });
    const answer = { job_id: "job_1", request_id: subscribe.id, subscribed_from: 302, replayed: true };
    peer.say("job.subscribed", answer);
    event(peer, "job_1", 302);
    result(peer, "job_1", 303, "end");
    await loop;
    assert.equal(await long.result, "end");
    assert.deepEqual([seen.length, seen.at(-1)], [301, 302]);
    assert.ok(!session.events.some(({ type }) => type === "lost"));
  });

  test("the errors of a large submit and of a small one are each one's own", async () => {
    const session = await connect();
    const { peer, client } = session;
    await submit(session);
    const large = client.submit({ agent: "echo", input: "x".repeat(5000) });
    const small = client.submit({ agent: "echo", input: "small" });
    const { length } = JSON.stringify(await nextOf(peer, "job.submit"));
    await nextOf(peer, "job.submit");
    const details = { reason: "frame_too_large", bytes: length, limit: 4096 };
    peer.say("session.error", { code: "INVALID_REQUEST", message: "too large", retryable: false, details });
    peer.socket.close(4413);
    const error = await refusal(large, "ERR_REMOTE");
    assert.deepEqual([error.details.bytes, error.details.limit, error.retryable], [length, 4096, false]);
    const again = await runtime.next();
    const { id, payload } = await nextOf(again, "job.submit");
    assert.equal(payload.input, "small");
    again.say(
      "job.accepted",
      { job_id: "job_2", agent: "echo", accepted_at: "x", request_id: id },
      { job_id: "job_2" },
    );
    assert.equal((await small).id, "job_2");
    // Now it is known.
    await refusal(client.submit({ agent: "echo", input: "x".repeat(5000) }), "ERR_REMOTE");
    assert.equal(client.state, "open");
  });
});

describe("what never comes", () => {
  test("welcome after welcome, and nothing else, comes to an end", async () => {
    const session = await connect({ reconnect: { maxDelayMs: 1 } });
    session.peer.socket.close(1011);
    for (let resumed = 1; resumed < 16; resumed += 1) {
      const peer = await runtime.next();
      await session.told("resumed", resumed);
      peer.socket.close(1011);
    }
    const { code } = await session.client.closed;
    assert.equal(code, "ERR_NETWORK");
    const closed = session.events.find(({ type }) => type === "closed");
    assert.deepEqual([closed.error.retryable, closed.error.details.connections], [false, 16]);
  });

  test("who is displaced stays away", async () => {
    const session = await connect();
    const job = await submit(session);
    session.peer.say("session.closed", { reason: "resumed elsewhere" });
    const error = await refusal(job.result, "ERR_SESSION_LOST");
    assert.equal(error.retryable, false);
    assert.equal((await session.client.closed).code, "ERR_SESSION_LOST");
    assert.ok(!session.events.some(({ type }) => type === "reconnecting"));
  });
});

describe("who observes, and who is told", () => {
  test("a subscription that was aborted can be asked for again at once", async () => {
    const { client, peer } = await connect();
    const answer = (frame) => peer.say("job.subscribed", { job_id: "job_x", request_id: frame.id, agent: "echo" });
    for (const isAnswered of [false, true]) {
      const abort = new AbortController();
      const first = client.subscribe("job_x", { signal: abort.signal });
      const asked = await nextOf(peer, "job.subscribe");
      abort.abort();
      await refusal(first, "ERR_ABORTED");
      if (isAnswered) {
        answer(asked);
        await nextOf(peer, "job.unsubscribe");
      }
      const again = client.subscribe("job_x");
      answer(isAnswered ? await nextOf(peer, "job.subscribe") : asked);
      const job = await again;
      assert.equal(job.id, "job_x");
      await job.unsubscribe();
      await nextOf(peer, "job.unsubscribe");
    }
  });

  test("an onEvent that rejects changes nothing", async () => {
    const session = await connect({ onEvent: async () => Promise.reject(new Error("no")) });
    const job = await submit(session);
    result(session.peer, "job_1", 1, "whole");
    assert.equal(await job.result, "whole");
  });

  test("whose fault an error is", async () => {
    const session = await connect();
    const job = await submit(session);
    const flaw = { final_status: "error", code: "INTERNAL_ERROR", message: "no", retryable: false };
    session.peer.say("job.error", flaw, { job_id: "job_1", event_seq: 1 });
    assert.equal((await refusal(job.result, "ERR_REMOTE")).details.fault, "peer", "an agent's flaw");
    const other = await submit(session, "job_2");
    session.peer.say("job.result", { final_status: "success", result_id: "r" }, { job_id: "job_2", event_seq: 2 });
    assert.equal((await refusal(other.result, "ERR_PROTOCOL")).details.fault, "peer");
  });
});
