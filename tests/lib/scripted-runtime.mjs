// A runtime that does what a test says, frame by frame: what no real one does, and what a gate must stand.

import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { frame } from "./arcp.mjs";
import { bounded } from "./bounded.mjs";

/**
 * Listens on loopback. Each connection comes out of `next()`; `greets` = false leaves hellos to the test. `onUpgrade(request,
 * socket)` may answer the upgrade instead.
 */
export async function startRuntime({ greets = true, patienceMs = 30_000, onUpgrade } = {}) {
  const server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ noServer: true });
  const waiting = [];
  const ready = [];
  const runtime = { connections: 0, greets };
  server.on("upgrade", (request, socket, head) => {
    runtime.connections += 1;
    if (onUpgrade?.(request, socket)) return;
    sockets.handleUpgrade(request, socket, head, (one) => {
      const made = connection(one, request, patienceMs, runtime);
      if (waiting.length) waiting.shift()(made);
      else ready.push(made);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(runtime, {
    url: `ws://127.0.0.1:${server.address().port}/arcp`,
    next: () =>
      ready.length
        ? Promise.resolve(ready.shift())
        : bounded(new Promise((resolve) => waiting.push(resolve)), "connection", patienceMs),
    close() {
      // Whoever waits for a connection still would keep the process for as long.
      for (const give of waiting.splice(0)) give(undefined);
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  });
}

function connection(socket, request, patienceMs, runtime) {
  const queue = [];
  const waiting = [];
  const put = (item) => (waiting.length ? waiting.shift()(item) : queue.push(item));
  socket.on("error", () => {});
  const self = {
    socket,
    headers: request.headers,
    path: request.url,
    sessionId: undefined,
    hello: undefined,
    /** The next frame, or `{ closed }`. */
    next: (what = "frame upstream") =>
      queue.length
        ? Promise.resolve(queue.shift())
        : bounded(new Promise((resolve) => waiting.push(resolve)), what, patienceMs),
    /** What came as text, before it was parsed. */
    texts: [],
    send: (what) => socket.send(typeof what === "string" || Buffer.isBuffer(what) ? what : JSON.stringify(what)),
    say: (type, payload, changes) => self.send(frame(type, payload, { session_id: self.sessionId, ...changes })),
    welcome(changes = {}, session = `sess_${Math.random().toString(36).slice(2)}`) {
      self.sessionId = session;
      self.say("session.welcome", {
        runtime: { name: "scripted", version: "1" },
        session_id: session,
        resume_token: `rtk_${session}`,
        resume_window_sec: 600,
        heartbeat_interval_sec: 30,
        capabilities: { encodings: ["json"], features: everything, agents: ["echo"] },
        ...changes,
      });
    },
  };
  socket.on("message", (data, isBinary) => {
    const text = data.toString();
    self.texts.push(text);
    const got = isBinary ? { binary: data } : JSON.parse(text);
    if (self.hello === undefined) {
      self.hello = got;
      if (runtime.greets) return self.welcome({}, got.payload.resume?.session_id);
    }
    put(got);
  });
  socket.on("close", (code, reason) => put({ closed: { code, reason: reason.toString() } }));
  return self;
}

const everything = ["heartbeat", "ack", "list_jobs", "subscribe", "progress", "result_chunk", "x-vendor.a.b"];
