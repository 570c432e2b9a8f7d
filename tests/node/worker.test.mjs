// createWorker in Node: its options, what it reads of a body, what happens to its instance.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcgateError, ready } from "../../pkg/entry.node.js";
import { builtinAgents, createWorker } from "../../pkg/worker.js";
import { envelope, streamed, text } from "../lib/arc.mjs";

const verifier = { authenticate: async ({ token }) => (token === "good" ? { id: "a" } : null) };
const ctx = { waitUntil() {} };

function app(options = {}) {
  const events = [];
  const worker = createWorker({ verifier, agents: builtinAgents, audit: (event) => events.push(event), ...options });
  return { events, post: (init, path = "/arc") => worker.fetch(arcRequest(init, path), {}, ctx) };
}

function arcRequest({ token = "good", body = JSON.stringify(envelope()), headers = {}, ...init } = {}, path = "/arc") {
  return new Request(`http://127.0.0.1:8787${path}`, {
    method: "POST",
    duplex: "half",
    body,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    ...init,
  });
}

const passthrough = { mode: "passthrough" };

test("options are strict, and an error names the nearest", async () => {
  await ready();
  for (const [options, pattern] of [
    [{ verifer: verifier }, /`verifer` is not an option; did you mean `verifier`/],
    [{ verifier, allowed_origins: [] }, /did you mean `allowedOrigins`/],
    [{ verifier, arc: { scope: {} } }, /`arc.scope` is not an option; did you mean `scopes`/],
    [{ verifier, limits: { maxBytes: 1 } }, /`limits.maxBytes`/],
    [{ verifier, limits: { maxBodyBytes: "1" } }, /`maxBodyBytes`/],
    [{ verifier, limits: { agentTimeoutMs: -1 } }, /`limits.agentTimeoutMs`/],
    [{}, /`verifier` must be a verifier/],
    [{ verifier: {} }, /`verifier` must be a verifier/],
    [{ verifier, agents: { echo: {} } }, /`agents.echo` must be a function/],
    [{ verifier, audit: true }, /`audit`/],
    [{ verifier, basePath: "/x/" }, /`basePath`/],
    [{ verifier, basePath: 7 }, /`basePath`/],
    [{ verifier, allowedOrigins: ["*"] }, /`allowedOrigins`/],
    [{ verifier, allowedHosts: ["https://x"] }, /`allowedHosts`/],
    [{ verifier, arc: { scopes: { "task.create": "x" } } }, /task.create/],
    [{ verifier, arc: { bindRequestAgent: "yes" } }, /`bindRequestAgent`/],
    [{ verifier, arc: { upstream: "https://x" } }, /`arc.upstreamAuth` is missing/],
    [{ verifier, arc: { upstreamAuth: { mode: "passthrough" } } }, /`arc.upstreamAuth` is there without/],
    ...["x", "ftp://x", "http://x.example", "https://u:p@x", "https://x/#f", 7, {}].map((upstream) => [
      { verifier, arc: { upstream, upstreamAuth: { mode: "passthrough" } } },
      /`arc.upstream` /,
    ]),
    [{ verifier, arc: { upstream: "https://x", upstreamAuth: { mode: "none" } } }, /`arc.upstreamAuth.mode`/],
    [{ verifier, arcp: { upstream: "wss://x" } }, /`arcp.upstreamAuth` is missing/],
    [{ verifier, arcp: { upstreamAuth: passthrough } }, /`arcp.upstreamAuth` is there without/],
    [{ verifier, arcp: { scopes: {} } }, /`arcp.scopes` is there without/],
    ...["x", "ftp://x", "ws://x.example", "wss://u:p@x", "wss://x/#f", 7, {}].map((upstream) => [
      { verifier, arcp: { upstream, upstreamAuth: passthrough } },
      /`arcp.upstream` /,
    ]),
    ...[
      [{ scopes: { submits: [] } }, /`arcp.scopes.submits`/],
      [{ heartbeatIntervalSec: 0 }, /`arcp.heartbeatIntervalSec`/],
      [{ resumeKey: "short" }, /`arcp.resumeKey`/],
      [{ resume_key: "x" }, /did you mean `resumeKey`/],
    ].map(([arcp, pattern]) => [
      { verifier, arcp: { upstream: "ws://localhost", upstreamAuth: passthrough, ...arcp } },
      pattern,
    ]),
    ...[{ helloTimeoutMs: 1 }, { maxFrameBytes: 1 }, { maxConnections: 0 }, { rateLimit: {} }].map((limits) => [
      { verifier, limits, arcp: { upstream: "ws://localhost", upstreamAuth: passthrough } },
      new RegExp(`\`limits.${Object.keys(limits)[0]}\``),
    ]),
    [{ verifier, policy: {} }, /`policy` is there without the embedded runtime/],
    [
      { verifier, hubFor() {}, agents: builtinAgents, arcp: { upstream: "ws://localhost", upstreamAuth: passthrough } },
      /`hubFor`/,
    ],
    [{ verifier, agents: builtinAgents, policy: { canObserve() {} } }, /`policy.canCancel` must be a function/],
    [
      { verifier, agents: builtinAgents, policy: { canObserve() {}, canCancel() {}, canSubmit() {} } },
      /`policy.canSubmit`/,
    ],
    [{ verifier, agents: builtinAgents, hubFor: "all" }, /`hubFor` must be a function/],
    [{ verifier, agents: builtinAgents, limits: { resumeWindowSec: 0 } }, /`limits.resumeWindowSec`/],
    [{ verifier, agents: builtinAgents, limits: { maxRuntimeSecs: 1 } }, /did you mean `maxRuntimeSec`/],
    [{ verifier, agents: builtinAgents, arcp: { resumeKey: "x".repeat(32) } }, /`arcp.resumeKey` is there without/],
    [{ verifier, arcp: { scopes: {} } }, /`arcp.scopes` is there without/],
    [undefined, /options/],
    [{ verifier, arc: null }, /`arc`/],
  ]) {
    assert.throws(
      () => createWorker(options),
      (error) => error instanceof ArcgateError && error.code === "ERR_CONFIG" && pattern.test(error.message),
      JSON.stringify(options),
    );
  }
});

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

test("requestAgent can be bound to the caller", async () => {
  const { post, events } = app({ arc: { bindRequestAgent: true } });
  const answer = await post();
  assert.equal(answer.status, 403);
  assert.equal((await answer.json()).error.code, -44006);
  assert.equal(events[0].requestAgent, "agent-7");
  assert.equal((await post({ body: JSON.stringify(envelope({ requestAgent: "a" })) })).status, 200);
});

test("a base path: exactly there, and nowhere else", async () => {
  const { post } = app({ basePath: "/api" });
  assert.equal((await post({}, "/api/arc")).status, 200);
  assert.equal((await post({}, "/api/arc/")).status, 200);
  for (const path of ["/arc", "/api/arc/x", "/api//arc", "/apiarc", "/api/api/arc"])
    assert.equal((await post({}, path)).status, 404, path);
});

test("a factory's verifier is made once for an environment, and again after a failure", async () => {
  let made = 0;
  const worker = createWorker({
    verifier: async (env) => {
      made += 1;
      await null;
      if (env.fail && made === 1) throw new Error("not yet");
      return { authenticate: async () => ({ id: env.who }) };
    },
    agents: { who: async () => "x" },
    audit: () => {},
  });
  const { error } = console;
  console.error = () => {};
  const env = { who: "a", fail: true };
  assert.equal((await worker.fetch(arcRequest(), env, ctx)).status, 500);
  console.error = error;
  for (let round = 0; round < 3; round += 1)
    assert.equal((await worker.fetch(arcRequest(), { ...env }, ctx)).status, 404);
  assert.equal(made, 2);
  await worker.fetch(arcRequest(), { who: "b" }, ctx);
  assert.equal(made, 3);
});

test("requests that come before the verifier is made end up with the same one", async () => {
  let made = 0;
  const { events, post } = app({
    verifier: async () => {
      made += 1;
      const id = `verifier-${made}`;
      // The one begun first is ready last.
      await new Promise((resolve) => setTimeout(resolve, 40 - 10 * made));
      return { authenticate: async () => ({ id }) };
    },
  });
  await Promise.all([post(), post(), post()]);
  await post();
  assert.deepEqual(
    events.filter(({ type }) => type === "arc.request").map(({ principal }) => principal),
    Array(4).fill("custom||verifier-3"),
  );
});

test("an agent that nobody waits for any more is told so", async () => {
  const told = [];
  const slow = (_input, { signal }) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(told.push("slow"))));
  const { events, post } = app({ agents: { slow } });
  const client = new AbortController();
  const answer = post({ body: JSON.stringify(envelope({ targetAgent: "slow" })), signal: client.signal });
  setTimeout(() => client.abort(), 30);
  await answer;
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
    t.mock.timers.enable({ apis: ["setInterval"] });
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
