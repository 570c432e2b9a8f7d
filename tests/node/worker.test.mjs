// createWorker in Node: what it reads of a body, what it sees to while an agent works, what it counts and logs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcgateError } from "../../pkg/entry.node.js";
import { envelope, streamed, text } from "../lib/arc.mjs";
import { app } from "../lib/worker-app.mjs";

test("not a byte of the body is read before the caller is known, and no more than the limit after", async () => {
  const { post, events } = app({ limits: { maxBodyBytes: 10_000 } });
  const counted = () => {
    const seen = { pulled: 0, cancelled: false };
    const chunk = new Uint8Array(1000).fill(32);
    seen.body = new ReadableStream(
      {
        pull(controller) {
          seen.pulled += 1;
          controller.enqueue(chunk);
        },
        cancel() {
          seen.cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    return seen;
  };
  for (const init of [
    { token: "bad" },
    { headers: { "content-type": "text/plain" } },
    { headers: { origin: "https://evil.example" } },
  ]) {
    const seen = counted();
    const response = await post({ ...init, body: seen.body });
    assert.ok([401, 403, 415].includes(response.status));
    assert.equal(seen.pulled, 0);
  }
  const endless = counted();
  const response = await post({ body: endless.body });
  assert.equal(response.status, 413);
  assert.ok(endless.pulled <= 12, `${endless.pulled} chunks`);
  assert.ok(endless.cancelled);
  assert.deepEqual(events.at(-1).reason, "too_large");
});

test("a body that breaks off is an answer too", async () => {
  const { post, events } = app();
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("{"));
      controller.error(new Error("connection lost"));
    },
  });
  const response = await post({ body });
  assert.equal(response.status, 400);
  assert.equal(events.at(-1).reason, "body");
});

test("an agent that nobody waits for any more is told so", async () => {
  const told = [];
  const client = new AbortController();
  const slow = (_input, { signal }) =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(told.push("slow")));
      setImmediate(() => client.abort());
    });
  const { events, post } = app({ agents: { slow } });
  await post({ body: JSON.stringify(envelope({ targetAgent: "slow" })), signal: client.signal });
  assert.deepEqual(told, ["slow"]);
  assert.deepEqual(
    events.map(({ type, outcome, reason }) => [type, outcome, reason]),
    [
      ["arc.request", "allowed", "ok"],
      ["arc.run", "cut", "client_gone"],
    ],
  );
});

test("an agent has its time, and no more", async () => {
  const never = () => new Promise(() => {});
  const { events, post } = app({ agents: { never }, limits: { agentTimeoutMs: 50 } });
  const answer = await post({ body: JSON.stringify(envelope({ targetAgent: "never" })) });
  assert.deepEqual([answer.status, (await answer.json()).error.code], [504, -42005]);
  const chat = await post({ body: JSON.stringify(streamed("never", "x")) });
  assert.match(await chat.text(), /^event: error\ndata: .*-43003.*\n\nevent: done/);
  assert.deepEqual(
    events.filter(({ type }) => type === "arc.run").map(({ reason }) => reason),
    ["timeout", "timeout"],
  );
});

test("counting: what the built-in agent takes and refuses", async () => {
  const { post } = app();
  const counted = async (content) => {
    const response = await post({
      body: JSON.stringify(envelope({ targetAgent: "count", params: { initialMessage: content } })),
    });
    const { result, error } = await response.json();
    return result?.task.messages[0].parts[0].content ?? error.code;
  };
  assert.equal(await counted(text('{"to":3}')), "3");
  assert.equal(
    await counted({ role: "user", parts: [{ type: "DataPart", content: '{"to":0}', mimeType: "application/json" }] }),
    "0",
  );
  for (const input of ['{"to":-1}', '{"to":1.5}', '{"to":1e9}', "{}", "three", '{"to":1,"delayMs":-1}'])
    assert.equal(await counted(text(input)), -42004, input);
});

const takenBack = {
  "calls its token revoked": () => {
    throw new ArcgateError("ERR_TOKEN_REVOKED", "revoked");
  },
  "knows its token no more": () => null,
  "takes its token for somebody else's": () => ({ id: "b" }),
  "refuses it by another name": () => {
    throw new ArcgateError("ERR_PERMISSION_DENIED", "not any more");
  },
  "finds its scope gone": () => ({ id: "a", scopes: ["other"] }),
};

const mayStart = { id: "a", scopes: ["arc.chat.controller", "arc.agent.caller"] };
for (const [what, gone] of Object.entries(takenBack)) {
  test(`a stream whose verifier ${what} ends, and one that can't tell goes on`, async (t) => {
    t.mock.timers.enable({ apis: ["setInterval", "setTimeout", "Date"], now: Date.now() });
    let answer = () => mayStart;
    const asking = { asksRevocation: true, authenticate: async () => answer() };
    const never = (_input, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", reject));
    const { events, post } = app({ verifier: asking, agents: { never } });
    const response = await post({ body: JSON.stringify(streamed("never", "x")) });
    const outage = new Promise((resolve) => {
      answer = () => {
        resolve();
        throw new ArcgateError("ERR_JWKS_UNAVAILABLE", "down", { retryable: true });
      };
    });
    t.mock.timers.tick(4000);
    await outage;
    assert.equal(events.length, 1, "it goes on");
    answer = gone;
    t.mock.timers.tick(4000);
    assert.match(await response.text(), /^event: error\ndata: .*-44001/);
    assert.deepEqual([events[1].outcome, events[1].reason], ["cut", "ERR_TOKEN_REVOKED"]);
  });
}

test("a reason is logged with the option that it names at its end", async () => {
  const message = `no provider is configured for the issuer "${"x".repeat(400)}"; set \`issuer\``;
  const authenticate = async () => {
    throw new ArcgateError("ERR_TOKEN_ISSUER", message, { details: { fault: "caller" } });
  };
  const { events, post } = app({ verifier: { authenticate } });
  assert.equal((await post({ body: JSON.stringify(envelope({ requestAgent: "r".repeat(250) })) })).status, 401);
  assert.equal(events.at(-1).detail, message);
});
