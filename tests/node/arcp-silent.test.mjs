// Sockets that say nothing give way for others, and those that have spoken don't: however late, and in whatever moment.

import assert from "node:assert/strict";
import { test } from "node:test";
import "../memory/sockets.mjs";
import { StaticBearerVerifier } from "../../pkg/verify.node.js";
import { createWorker } from "../../pkg/worker.node.js";
import { frame, hello } from "../lib/arcp.mjs";

const upstream = {
  async fetch() {
    const { 0: theirs, 1: ours } = new WebSocketPair();
    const offers = { encodings: ["json"], features: [], agents: [] };
    const welcome = { runtime: { name: "r", version: "1" }, capabilities: offers };
    ours.addEventListener("message", () => {
      ours.send(JSON.stringify(frame("session.welcome", welcome, { session_id: "sess_1" })));
    });
    return new Response(null, { status: 101, webSocket: theirs });
  },
};

/** A gate; `connect()` gives a client and what becomes of it. */
function gate(t, limits) {
  const worker = createWorker({
    verifier: () => StaticBearerVerifier.create({ secret: "alice" }),
    arcp: { upstream, upstreamAuth: { mode: "dangerouslySharedToken", token: "theirs" } },
    limits,
    audit: () => {},
  });
  return async function connect() {
    const upgrade = new Request("http://127.0.0.1/arcp", { headers: { upgrade: "websocket", connection: "upgrade" } });
    const [heard, frames] = [[], []];
    const ctx = { waitUntil() {}, abort: () => heard.push("cut off") };
    const { webSocket } = await worker.fetch(upgrade, {}, ctx);
    webSocket.addEventListener("message", ({ data }) => {
      frames.push(JSON.parse(data));
      heard.push(frames.at(-1).type);
    });
    t.after(() => webSocket.close());
    webSocket.addEventListener("close", ({ code }) => heard.push(code));
    return { heard, frames, greet: () => webSocket.send(JSON.stringify(hello("secret"))) };
  };
}

/** Waits until one of them has been cut off, or has heard something of `what`. */
async function until(clients, ...what) {
  const isThere = () => clients.some(({ heard }) => [...what, "cut off"].some((each) => heard.includes(each)));
  while (!isThere()) await new Promise((resolve) => setImmediate(resolve));
}

test("who has spoken late is none of the silent", async (t) => {
  const connect = gate(t, { maxSilentConnections: 4 });
  await connect();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const late = await connect();
  t.mock.timers.tick(301);
  late.greet();
  await until([late], "session.welcome");
  assert.deepEqual(late.heard, ["session.welcome"]);
  const silent = [await connect(), await connect()];
  t.mock.timers.tick(301);
  // Of those who have not, the older goes.
  await until([late, ...silent]);
  assert.deepEqual([late.heard, silent[1].heard], [["session.welcome"], []]);
});

test("who speaks in the moment in which its place goes keeps it", async (t) => {
  const Pair = globalThis.WebSocketPair;
  t.after(() => {
    globalThis.WebSocketPair = Pair;
  });
  const connect = gate(t, { maxConnections: 4 });
  const first = await connect();
  let isGreeted = false;
  // What comes of a socket's end is told in the turn after this one, and so is the hello.
  globalThis.WebSocketPair = class extends Pair {
    constructor() {
      super();
      if (!isGreeted) first.greet();
      isGreeted = true;
    }
  };
  const second = await connect();
  await until([first], "session.welcome");
  assert.deepEqual(first.heard, ["session.welcome"]);
  assert.deepEqual(second.heard, []);
});

test("who is cut off before its hello is told to come again: nobody has looked at its token", async (t) => {
  const connect = gate(t, { maxSilentConnections: 4 });
  await connect();
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  // As in a burst, on a busy machine: one is of the silent for a while, and two are more than may be.
  const burst = [await connect(), await connect()];
  t.mock.timers.tick(301);
  await until(burst, 4408);
  const [{ payload }] = burst[0].frames;
  assert.deepEqual([payload.code, payload.retryable], ["INTERNAL_ERROR", true]);
  assert.deepEqual(payload.details, { reason: "too_many_silent" });
  const again = await connect();
  again.greet();
  await until([again], "session.welcome");
});
