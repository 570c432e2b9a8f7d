// What a body costs: read whole from pieces of any size, and each principal's bodies by the second.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcgateError } from "../../pkg/entry.node.js";
import { readAll } from "../../pkg/platform/fetch.js";
import { gate, recoverFrom } from "../../pkg/platform/modules/gate.js";
import { InFlight } from "../../pkg/worker/in-flight.js";
import { createWorker, ready } from "../../pkg/worker.node.js";
import { envelope } from "../lib/arc.mjs";

await ready();

/** A reader that gives `pieces`, made when they are asked for. */
function reading(pieces) {
  const reader = { isGiven: false, read: async () => pieces.next(), cancel: async () => (reader.isGiven = true) };
  return reader;
}

function* bytewise(text, of = (byte) => Uint8Array.of(byte)) {
  for (const byte of new TextEncoder().encode(text)) yield of(byte);
}

test("a body is the same in pieces of any size", async () => {
  const text = "0123456789".repeat(5000);
  for (const size of [1, 7, 16_384, 16_385, 50_000]) {
    function* cut() {
      for (let at = 0; at < text.length; at += size) yield new TextEncoder().encode(text.slice(at, at + size));
    }
    const bytes = await readAll(reading(cut()), text.length);
    assert.equal(new TextDecoder().decode(bytes), text, String(size));
    const reader = reading(cut());
    assert.equal(await readAll(reader, text.length - 1), undefined, "one byte more than there may be");
    assert.ok(reader.isGiven);
  }
  assert.equal((await readAll(reading([].values()), 10)).length, 0);
});

test("a body keeps its bytes and none of its pieces", async () => {
  // Whoever writes to a piece that was taken changes nothing.
  const piece = new Uint8Array(1);
  const bytes = await readAll(reading(bytewise("abc", (byte) => piece.fill(byte))), 10);
  assert.equal(new TextDecoder().decode(bytes), "abc");
});

test("what is announced is paid at once, and once", () => {
  const limits = { maxRequestsPerPrincipal: 99, maxBodiesPerPrincipal: 99, maxBodyBytesPerPrincipal: 1e9 };
  const places = new InFlight({ ...limits, maxBodyBytesPerSec: 1000 });
  const body = { announced: 1200, longest: 1200 };
  const first = places.begin("a", body);
  assert.equal(first.take(1200), undefined);
  const second = places.begin("a", body);
  assert.equal(places.begin("a", body).reason, "bodies_too_fast", "before a byte of it is read");
  for (const place of [first, second]) place.end();
  assert.equal(places.begin("a", body).reason, "bodies_too_fast", "also when the others are done");
});

test("of a limit that is no whole number there is one more than that: below it there is a place", () => {
  const many = { maxBodyBytesPerPrincipal: 1e6, maxBodyBytesPerSec: 1e6 };
  const requests = new InFlight({ ...many, maxRequestsPerPrincipal: 1.5, maxBodiesPerPrincipal: 9 });
  const bodies = new InFlight({ ...many, maxRequestsPerPrincipal: 9, maxBodiesPerPrincipal: 1.5 });
  for (const [places, why] of [
    [requests, "too_many_requests"],
    [bodies, "too_many_bodies"],
  ]) {
    const all = [1, 2, 3].map(() => places.begin("a"));
    assert.deepEqual(
      all.map(({ reason }) => reason),
      [undefined, undefined, why],
    );
    for (const place of all) place.end?.();
  }
});

test("after a trap what was counted before it means nothing", () => {
  const places = new InFlight({
    maxRequestsPerPrincipal: 1,
    maxBodiesPerPrincipal: 1,
    maxBodyBytesPerPrincipal: 10,
    maxBodyBytesPerSec: 1000,
  });
  const before = places.begin("a");
  assert.equal(before.take(11), "too_many_body_bytes");
  assert.throws(
    () => gate.bindings.trapForTests(),
    (thrown) => recoverFrom(thrown),
  );
  const after = places.begin("a");
  assert.deepEqual([before.take(11), before.whole()], [undefined, 0]);
  before.end();
  assert.deepEqual(places.begin("a"), { reason: "too_many_requests" });
  after.end();
  places.begin("a").end();
});

function front(limits, state = {}) {
  const events = [];
  const worker = createWorker({
    verifier: {
      asksRevocation: true,
      async authenticate() {
        if (state.revoked) throw new ArcgateError("ERR_TOKEN_REVOKED", "revoked");
        return { id: "a" };
      },
    },
    agents: { echo: async () => "ran" },
    audit: (event) => events.push(event),
    limits,
  });
  const post = async (body, more = {}) => {
    const headers = { authorization: "Bearer the-token", "content-type": "application/json", ...more };
    const request = new Request("http://127.0.0.1:8787/arc", { method: "POST", duplex: "half", body, headers });
    return worker.fetch(request, {}, { waitUntil() {} });
  };
  return { events, post };
}

test("a user whose bodies come too fast is told to wait, by its announcement or by what comes", async () => {
  const text = JSON.stringify(envelope());
  const padded = text + " ".repeat(10_000 - text.length);
  const limits = { maxBodyBytes: 10_000, maxBodyBytesPerSec: 1 };
  for (const more of [{ "content-length": "10000" }, {}]) {
    const { events, post } = front(limits);
    const first = await post(padded.slice(0, 9000), more["content-length"] ? { "content-length": "9000" } : {});
    assert.equal(first.status, 200);
    await first.body.cancel();
    let answer;
    for (let times = 0; times < 3 && answer?.status !== 429; times += 1) answer = await post(padded, more);
    assert.equal(answer.status, 429);
    assert.ok(Number(answer.headers.get("retry-after")) > 0);
    assert.equal((await answer.json()).error.code, -44007);
    assert.equal(events.at(-1).reason, "bodies_too_fast");
  }
});

test("a body in pieces of a byte costs what reading it costs", async () => {
  const { events, post } = front({ maxBodyBytes: 10_000, maxBodyBytesPerSec: 1 });
  const pieces = bytewise(" ".repeat(9000));
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      pulled += 1;
      const { done, value } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  assert.equal((await post(body)).status, 429);
  assert.equal(events.at(-1).reason, "bodies_too_fast");
  assert.ok(pulled < 200, String(pulled));
});

test("a token that is taken back while its body waits for its turn runs nothing", async () => {
  const state = {};
  const { events, post } = front({}, state);
  const large = JSON.stringify(envelope()).padEnd(900_000, " ");
  const first = post(large);
  const second = post(large);
  assert.equal((await first).status, 200);
  state.revoked = true;
  assert.equal((await second).status, 401);
  assert.equal(events.at(-1).reason, "ERR_TOKEN_REVOKED");
});
