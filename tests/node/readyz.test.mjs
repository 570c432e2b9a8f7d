// GET /readyz of createWorker: whether its configuration is sound; the reason is in the log alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorker, ready } from "../../pkg/worker.node.js";
import { logging, told } from "../lib/env-worker.mjs";

await ready();

const verifier = { authenticate: async () => null };
const key = new TextEncoder().encode("k".repeat(32));
const broken = { kty: "EC", crv: "P-256", x: "AA", y: "AA", d: "AA" };
const auth = (key) => ({ mode: "assertion", key, issuer: "https://gate.example", audience: "agents" });

const asked = (options, { method = "GET", path = "/readyz", env = {} } = {}) =>
  logging(async () => {
    const worker = createWorker({ verifier, agents: {}, ...options });
    const ask = () => worker.fetch(new Request(`http://127.0.0.1:8787${path}`, { method }), env, { waitUntil() {} });
    const response = await ask();
    // However often it is asked, a reason is told once.
    await ask();
    return { status: response.status, text: await response.text(), headers: response.headers };
  });

test("sound: a verifier that is there or can be made, and upstreams' keys that can be used", async () => {
  for (const options of [
    {},
    { verifier: async () => verifier },
    { arc: { upstream: "https://agents.example/arc", upstreamAuth: auth(key) } },
    { arcp: { upstream: "wss://agents.example/arcp", upstreamAuth: auth(key) } },
  ]) {
    const { status, text, headers, log } = await asked(options);
    assert.deepEqual([status, text, headers.get("cache-control")], [200, '{"status":"ready"}', "no-store"]);
    assert.deepEqual(log, []);
  }
});

test("not sound: 503 without a reason, and one line with it in the log", async () => {
  const secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2VjcmV0LXZhbHVl";
  for (const [options, detail] of [
    [{ verifier: () => Promise.reject(new Error(`no: ${secret}`)) }, /^no: /],
    [{ verifier: () => ({}) }, /`verifier\(env\)` must have a method `authenticate`|verifier\(env\)/],
    [{ verifier: () => new Promise(() => {}), limits: { verifyTimeoutMs: 20 } }, /not made in time/],
    [{ arc: { upstream: "https://a.example", upstreamAuth: auth(broken) } }, /arc.upstreamAuth.key` can't be used/],
    [{ arcp: { upstream: "wss://a.example", upstreamAuth: auth(broken) } }, /arcp.upstreamAuth.key` can't be used/],
  ]) {
    const { status, text, log } = await asked(options);
    assert.deepEqual([status, text], [503, '{"status":"not_ready"}']);
    const lines = told(log);
    assert.deepEqual(
      lines.map(({ type, level }) => [type, level]),
      [["worker.config", "error"]],
      log.join("\n"),
    );
    assert.match(lines[0].detail, detail);
    assert.doesNotMatch(log.join("\n"), /c2VjcmV0/);
  }
});

test("GET and HEAD, behind basePath; nothing else", async () => {
  assert.equal((await asked({}, { method: "HEAD" })).status, 200);
  const { status, headers } = await asked({}, { method: "POST" });
  assert.deepEqual([status, headers.get("allow")], [405, "GET, HEAD"]);
  assert.equal((await asked({ basePath: "/api" }, { path: "/api/readyz" })).status, 200);
});
