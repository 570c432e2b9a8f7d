// /arc asks again before each step: what ends or is taken back while a body, a credential or an answer is waited for.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { ArcgateError } from "../../pkg/entry.node.js";
import { createWorker, ready } from "../../pkg/worker.node.js";
import { envelope } from "../lib/arc.mjs";
import { listener } from "../lib/listener.mjs";

const ctx = { waitUntil() {} };
const text = JSON.stringify(envelope());
const encoder = new TextEncoder();

let server;
let upstream;
let sent = [];

before(async () => {
  await ready();
  server = createServer(
    listener(async (request, response) => {
      for await (const _ of request);
      sent.push(request.headers.authorization);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ arc: "1.0", id: "r1", result: { type: "task", task: {} }, error: null }));
    }),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  upstream = `http://127.0.0.1:${server.address().port}/arc`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

/** A deployment whose verifier says what `state` is at that moment. */
function front({ state = {}, ...options } = {}) {
  const events = [];
  let runs = 0;
  const verifier = {
    asksRevocation: true,
    async authenticate() {
      if (state.hangs) await new Promise(() => {});
      if (state.unknown) throw new ArcgateError("ERR_VERIFIER_UNAVAILABLE", "down", { retryable: true });
      if (state.code) throw new ArcgateError(state.code, "refused");
      const { id = "a", expiresAt, scopes } = state;
      return { id, ...(expiresAt && { expiresAt }), ...(scopes && { scopes }) };
    },
  };
  const worker = createWorker({
    verifier,
    agents: {
      echo: async () => {
        runs += 1;
        return "ran";
      },
    },
    audit: (event) => events.push(event),
    ...options,
  });
  const post = async (body = text, { signal } = {}) => {
    const headers = { authorization: "Bearer the-token", "content-type": "application/json" };
    const init = { method: "POST", duplex: "half", body, headers, signal };
    const response = await worker.fetch(new Request("http://127.0.0.1:8787/arc", init), {}, ctx);
    return { status: response.status, headers: response.headers, json: await response.json() };
  };
  return { state, events, post, runs: () => runs };
}

/** A body whose last byte comes after `before()`. */
const late = (before) =>
  new ReadableStream(
    {
      async pull(controller) {
        await before();
        controller.enqueue(encoder.encode(text));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );

/** A body of which nothing more comes. */
const held = () => {
  const body = {};
  body.stream = new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(text.slice(0, 10))),
    cancel: () => {
      body.isGiven = true;
    },
  });
  return body;
};

const changes = [
  // Whatever the verifier calls it.
  ...["ERR_TOKEN_REVOKED", "ERR_PERMISSION_DENIED", "ERR_TOKEN_CLAIM", "ERR_TOKEN_SIGNATURE", "ERR_TOKEN_SCOPE"].map(
    (code) => [`refused as ${code}`, { code }, 401, -44001, "ERR_TOKEN_REVOKED"],
  ),
  ["refused by a code of its own", { code: "ERR_OF_MINE" }, 401, -44001, "ERR_TOKEN_REVOKED"],
  ["expired, as only its verifier knows", { code: "ERR_TOKEN_EXPIRED" }, 401, -44001, "ERR_TOKEN_REVOKED"],
  ["of a verifier that is not set up", { code: "ERR_CONFIG" }, 503, -32603, "ERR_VERIFIER_UNAVAILABLE"],
  ["somebody else's", { id: "b" }, 401, -44001, "ERR_TOKEN_REVOKED"],
  ["of a verifier that can't say", { unknown: true }, 503, -32603, "ERR_VERIFIER_UNAVAILABLE"],
];

for (const [what, change, status, code, reason] of changes) {
  test(`a token that is ${what} once the body is there runs no agent`, async () => {
    const { state, events, post, runs } = front();
    const answer = await post(late(() => Object.assign(state, change)));
    assert.deepEqual([answer.status, answer.json.error.code, runs()], [status, code, 0]);
    assert.equal(answer.headers.has("retry-after"), status === 503);
    assert.equal(events.length, 1);
    const [{ type, principal, reason: why }] = events;
    assert.deepEqual([type, principal, why], ["arc.request", "custom||a", reason]);
  });

  test(`a token that is ${what} once the upstream's credential is had reaches no upstream`, async () => {
    sent = [];
    const state = {};
    const tokenFor = async () => {
      Object.assign(state, change);
      return "for-a";
    };
    const { events, post } = front({ state, agents: {}, arc: { upstream, upstreamAuth: { mode: "map", tokenFor } } });
    const answer = await post();
    assert.deepEqual([answer.status, answer.json.error.code, sent], [status, code, []]);
    assert.equal(events.at(-1).reason, reason);
  });
}

test("a token that lost the method's scope runs no agent, and reaches no upstream", async () => {
  sent = [];
  const full = ["arc.task.controller", "arc.agent.caller", "more"];
  const state = { scopes: full };
  const { events, post, runs } = front({ state });
  const before = await post(late(() => Object.assign(state, { scopes: ["more"] })));
  assert.deepEqual([before.status, before.json.error.code, runs()], [403, -44003, 0]);
  assert.equal(events.at(-1).reason, "ERR_TOKEN_SCOPE");
  const tokenFor = async () => {
    Object.assign(state, { scopes: state.next });
    return "for-a";
  };
  const arc = { upstream, upstreamAuth: { mode: "map", tokenFor } };
  Object.assign(state, { scopes: full, next: ["more"] });
  const answer = await front({ state, agents: {}, arc }).post();
  assert.deepEqual([answer.status, answer.json.error.code, sent], [401, -44001, []]);
  Object.assign(state, { scopes: full, next: full.slice(0, 2) });
  assert.equal((await front({ state, agents: {}, arc }).post()).status, 200, "one that the method doesn't need");
});

test("that a token has ended is its deadline's matter, where that is known", async () => {
  const state = { expiresAt: Date.now() / 1000 + 60 };
  const { post, runs } = front({ state });
  const answer = await post(late(() => Object.assign(state, { code: "ERR_TOKEN_EXPIRED" })));
  assert.deepEqual([answer.status, runs()], [200, 1]);
});

test("what did not change meanwhile goes on", async () => {
  sent = [];
  assert.equal((await front().post(late(() => {}))).status, 200);
  const arc = { upstream, upstreamAuth: { mode: "map", tokenFor: async () => "for-a" } };
  assert.equal((await front({ agents: {}, arc }).post()).status, 200);
  assert.deepEqual(sent, ["Bearer for-a"]);
});

test("a token that ends while its body comes: 401, and the body is given up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_800_000_000_000 });
  const { events, post, runs } = front({
    state: { expiresAt: Date.now() / 1000 + 1 },
    limits: { clockToleranceSec: 0 },
  });
  const body = held();
  const posted = post(body.stream);
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(1000);
  const answer = await posted;
  assert.deepEqual([answer.status, answer.json.error.code, runs()], [401, -44004, 0]);
  assert.ok(body.isGiven);
  assert.equal(events.at(-1).reason, "ERR_TOKEN_EXPIRED");
});

test("a body has its time: 408, and the body is given up", async () => {
  const { events, post } = front({ limits: { bodyTimeoutMs: 30 } });
  const body = held();
  const answer = await post(body.stream);
  assert.deepEqual([answer.status, answer.json.error.code], [408, -32600]);
  assert.ok(body.isGiven);
  assert.equal(events.at(-1).reason, "body_timeout");
});

test("a verifier that does not answer in time is an outage", async () => {
  const { events, post } = front({ state: { hangs: true }, limits: { verifyTimeoutMs: 20 } });
  const answer = await post();
  assert.deepEqual([answer.status, answer.json.error.code], [503, -32603]);
  assert.match(events.at(-1).detail, /verifyTimeoutMs/);
});

test("one principal's requests, bodies and bytes are counted, and nobody else's with them", async () => {
  const limits = { maxRequestsPerPrincipal: 3, maxBodiesPerPrincipal: 2, maxBodyBytesPerPrincipal: 5000 };
  for (const [limit, most, reason] of [
    [{ maxRequestsPerPrincipal: 3, maxBodiesPerPrincipal: 9 }, 3, "too_many_requests"],
    [limits, 2, "too_many_bodies"],
  ]) {
    const { state, events, post } = front({ limits: { ...limits, ...limit } });
    const abort = new AbortController();
    const waiting = Array.from({ length: most }, () => post(held().stream, { signal: abort.signal }));
    // Each has its place as soon as its verifier has answered.
    await new Promise((resolve) => setImmediate(resolve));
    const refused = await post();
    assert.deepEqual([refused.status, refused.json.error.code], [429, -44007]);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    assert.deepEqual([events.at(-1).reason, events.at(-1).status], [reason, 429]);
    state.id = "b";
    assert.equal((await post()).status, 200, "another principal");
    state.id = "a";
    abort.abort();
    await Promise.all(waiting);
    assert.equal((await post()).status, 200, "once there is room");
  }
});

test("bytes of bodies are counted for as long as their requests take", async () => {
  const { events, post } = front({ limits: { maxBodyBytesPerPrincipal: 3000 } });
  const abort = new AbortController();
  const big = (size) =>
    new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(size).fill(32)) });
  const waiting = post(big(2900), { signal: abort.signal });
  await new Promise((resolve) => setImmediate(resolve));
  const refused = await post();
  assert.deepEqual([refused.status, events.at(-1).reason], [429, "too_many_body_bytes"]);
  abort.abort();
  await waiting;
  assert.equal((await post()).status, 200);
});
