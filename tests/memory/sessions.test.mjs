// Ten thousand sessions of ARCP, each with a job, through the gate to the embedded runtime and to an upstream: all of it in one
// process, whose sockets are in its memory. Nothing is kept of a session that has ended.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./sockets.mjs";
import { memory } from "../../pkg/platform/modules/gate.js";
import { JwtVerifier } from "../../pkg/verify.node.js";
import { builtinAgents, createWorker } from "../../pkg/worker.node.js";
import { audience, claims, issuer, jws, secretKey } from "../attacks/kit.mjs";
import { frame, hello, ulid } from "../lib/arcp.mjs";
import { durableState } from "./durable-state.mjs";
import { flat, scaled } from "./flat.mjs";

const secret = new Uint8Array(32).fill(7);
const key = secretKey("HS256", secret);
const exp = Math.floor(Date.now() / 1000) + 7200;
const users = 50;
const token = (index) => jws(key, claims({ exp, jti: `${index}`, sub: `user ${index % users}` }));

const workerWith = (options) =>
  createWorker({
    verifier: () =>
      JwtVerifier.create({ providers: { one: { issuer, audience, secret } }, tokenCache: { maxEntries: 100 } }),
    limits: { maxConnectionsPerPrincipal: 1000, maxConnections: 10_000 },
    audit: () => {},
    ...options,
  });

// Opens a session, has a job done, and says goodbye.
async function session(worker, env, index) {
  const upgrade = new Request("http://127.0.0.1/arcp", { headers: { upgrade: "websocket", connection: "upgrade" } });
  const response = await worker.fetch(upgrade, env, { waitUntil() {} });
  assert.equal(response.status, 101);
  const { webSocket: socket } = response;
  const got = [];
  let wake = () => {};
  const put = (item) => {
    got.push(item);
    wake();
  };
  socket.addEventListener("message", ({ data }) => put(JSON.parse(data)));
  socket.addEventListener("close", ({ code }) => {
    socket.close();
    put({ type: "closed", code });
  });
  const until = async (type) => {
    for (;;) {
      while (got.length === 0) await new Promise((resolve) => (wake = resolve));
      const item = got.shift();
      if (item.type === type) return item;
      assert.ok(["job.accepted", "job.event"].includes(item.type), `${JSON.stringify(item)} instead of ${type}`);
    }
  };
  socket.send(JSON.stringify(hello(token(index))));
  const { session_id } = await until("session.welcome");
  const say = (type, payload) => socket.send(JSON.stringify(frame(type, payload, { session_id })));
  say("job.submit", { agent: "count", input: { to: index % 5, text: "x".repeat((index * 37) % 700) } });
  await until("job.result");
  say("session.bye", { reason: "done" });
  await until("closed");
}

test("sessions of the embedded runtime", async (t) => {
  // One hub for all: it keeps the last 512 jobs that have ended, so a tenth of the sessions fills it.
  const worker = workerWith({ agents: builtinAgents, hubFor: () => "one" });
  const hub = new worker.RuntimeHub(
    durableState(() => hub),
    {},
  );
  const get = () => ({ fetch: (url, init) => hub.fetch(new Request(url, init)) });
  const env = { RUNTIME_HUB: { idFromName: (name) => name, get } };
  // As many as it keeps are there after a tenth; how they lie in its memory settles after a third or so.
  await flat(t, memory, scaled(10_000), (index) => session(worker, env, index), { atOnce: 20, warm: 0.5 });
});

test("sessions of an upstream", async (t) => {
  const upstream = { fetch: async () => new Response(null, { status: 101, webSocket: scripted() }) };
  const upstreamAuth = { mode: "assertion", key: secret, issuer: "https://gate.example", audience: "upstream" };
  const worker = workerWith({ arcp: { upstream, upstreamAuth } });
  await flat(t, memory, scaled(10_000), (index) => session(worker, {}, index), { atOnce: 20 });
});

// A runtime that answers as it must, and checks nothing.
function scripted() {
  const { 0: theirs, 1: ours } = new WebSocketPair();
  const session_id = `sess_${ulid()}`;
  const say = (type, payload, more) =>
    ours.send(JSON.stringify({ arcp: "1.1", id: ulid(), type, session_id, ...more, payload }));
  ours.addEventListener("message", ({ data }) => {
    const { type, id, payload } = JSON.parse(data);
    const at = new Date().toISOString();
    if (type === "session.hello") {
      const capabilities = { encodings: ["json"], features: ["ack"], agents: [{ name: "count" }] };
      const runtime = { name: "scripted", version: "1" };
      say("session.welcome", {
        session_id,
        accepted_at: at,
        runtime,
        resume_token: `rt_${ulid()}`,
        resume_window_sec: 600,
        capabilities,
      });
    } else if (type === "job.submit") {
      const job_id = `job_${ulid()}`;
      say("job.accepted", { job_id, request_id: id, agent: payload.agent, lease: {}, accepted_at: at }, { job_id });
      say("job.result", { final_status: "success", result: payload.input, completed_at: at }, { job_id, event_seq: 1 });
    } else if (type === "session.bye") ours.close();
  });
  ours.addEventListener("close", () => ours.close());
  return theirs;
}
