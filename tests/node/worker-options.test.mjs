// createWorker in Node: its options.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcgateError } from "../../pkg/entry.node.js";
import { builtinAgents, createWorker, ready } from "../../pkg/worker.node.js";
import { envelope } from "../lib/arc.mjs";
import { app, arcRequest, ctx, verifier } from "../lib/worker-app.mjs";

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

test("the promise of a verifier will do", async () => {
  const { post } = app({ verifier: Promise.resolve(verifier) });
  assert.equal((await post()).status, 200);
  assert.equal((await post({ token: "bad" })).status, 401);
  const { post: asked, events } = app({ verifier: Promise.resolve({}) });
  const answer = await asked();
  assert.ok([500, 503].includes(answer.status), String(answer.status));
  assert.match(JSON.stringify(events), /ERR_CONFIG/);
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
  const begun = [];
  const { events, post } = app({
    verifier: async () => {
      const id = `verifier-${begun.length + 1}`;
      await new Promise((resolve) => begun.push(resolve));
      return { authenticate: async () => ({ id }) };
    },
  });
  const answers = [post(), post(), post()];
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  while (begun.length < 3) await turn();
  // The one begun first is ready last.
  for (const ready of begun.toReversed()) {
    ready();
    await turn();
  }
  await Promise.all(answers);
  await post();
  assert.deepEqual(
    events.filter(({ type }) => type === "arc.request").map(({ principal }) => principal),
    Array(4).fill("custom||verifier-3"),
  );
});
