// A hub that never answers a close: it keeps neither a place among the connections nor the request that has asked for it.

import assert from "node:assert/strict";
import { test } from "node:test";
import "../memory/sockets.mjs";
import { StaticBearerVerifier } from "../../pkg/verify.node.js";
import { builtinAgents, createWorker } from "../../pkg/worker.node.js";
import { frame, hello } from "../lib/arcp.mjs";

const offers = { encodings: ["json"], features: [], agents: [] };
const welcome = { runtime: { name: "r", version: "1" }, capabilities: offers };

/** A gate whose hub says what `answersClose` says to a close; `connect()` gives a client that has said hello. */
function gate(t, { answersClose }) {
  const hub = {
    async fetch() {
      const { 0: theirs, 1: ours } = new WebSocketPair();
      ours.addEventListener("message", () => {
        ours.send(JSON.stringify(frame("session.welcome", welcome, { session_id: "sess_1" })));
      });
      ours.addEventListener("close", () => answersClose && ours.close(1000));
      return new Response(null, { status: 101, webSocket: theirs });
    },
  };
  const worker = createWorker({
    verifier: () => StaticBearerVerifier.create({ secret: "alice" }),
    agents: builtinAgents,
    limits: { maxConnectionsPerPrincipal: 1 },
    audit: () => {},
  });
  const env = { RUNTIME_HUB: { idFromName: (name) => name, get: () => hub } };
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  return async function connect() {
    const upgrade = new Request("http://127.0.0.1/arcp", { headers: { upgrade: "websocket", connection: "upgrade" } });
    const [heard, aborts] = [[], []];
    const ctx = { waitUntil() {}, abort: (why) => aborts.push(why) };
    const { webSocket } = await worker.fetch(upgrade, env, ctx);
    webSocket.addEventListener("message", ({ data }) => heard.push(JSON.parse(data)));
    webSocket.addEventListener("close", ({ code }) => heard.push({ type: code }));
    webSocket.send(JSON.stringify(hello("secret")));
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return { first: heard[0], aborts, close: () => webSocket.close(1000) };
  };
}

const turns = async () => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test("its place is free after five seconds, and its request ends", async (t) => {
  const connect = gate(t, { answersClose: false });
  const left = await connect();
  assert.equal(left.first.type, "session.welcome");
  left.close();
  await turns();
  const early = await connect();
  assert.equal(early.first.payload.details.reason, "too_many_connections", "the hub has not let go yet");
  assert.deepEqual(left.aborts, []);
  early.close();
  t.mock.timers.tick(5001);
  await turns();
  assert.deepEqual(left.aborts, ["the hub doesn't answer a close"]);
  const next = await connect();
  assert.equal(next.first.type, "session.welcome");
});

test("a hub that answers costs nobody's request its end", async (t) => {
  const connect = gate(t, { answersClose: true });
  const left = await connect();
  left.close();
  await turns();
  t.mock.timers.tick(5001);
  await turns();
  assert.deepEqual(left.aborts, []);
  assert.equal((await connect()).first.type, "session.welcome");
});
