// A runtime with the habits of the TypeScript SDK's, whose package is in no registry: what docs/arcp-peers.md says of it, so that
// tests meet them. scripts/conformance starts the real one where there is a checkout of it, and compares.

import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { Connection } from "./connection.mjs";

const features = ["heartbeat", "ack", "list_jobs", "subscribe", "progress", "result_chunk", "agent_versions"];

/**
 * Starts it on loopback. `tokens`: token -> principal; `heartbeat`, `resume`: seconds; `maxFrames`: what a connection may be
 * sent in its life. `seen` has what came in: `{ connection, in }`, `{ connection, closed }`. `cut()` resets all connections.
 */
export async function startTypescriptRuntime({
  tokens = { "tok-alice": "alice", "tok-bob": "bob" },
  heartbeat = 30,
  resume = 600,
  maxFrames = 10_000,
  offers = features,
  port = 0,
} = {}) {
  const http = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ noServer: true });
  const runtime = {
    tokens: new Map(Object.entries(tokens)),
    heartbeat,
    resume,
    maxFrames,
    offers,
    seen: [],
    connections: 0,
    /** session id -> { token, until } */
    resumable: new Map(),
    /** session id -> the numbered frames that were sent in it, and the ids of those that came */
    logs: new Map(),
    jobs: new Map(),
    /** job id -> the connections that follow it */
    followers: new Map(),
    keys: new Map(),
    gates: new Map(),
    log(session) {
      if (!this.logs.has(session)) this.logs.set(session, { frames: [], ids: new Set() });
      return this.logs.get(session);
    },
  };
  http.on("upgrade", (request, socket, head) => {
    if (new URL(request.url, "http://runtime").pathname !== "/arcp") return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (one) => {
      runtime.connections += 1;
      new Connection(runtime, one, runtime.connections);
    });
  });
  await new Promise((resolve) => http.listen(port, "127.0.0.1", resolve));
  const at = http.address().port;
  return Object.assign(runtime, {
    port: at,
    url: `ws://127.0.0.1:${at}/arcp`,
    http: `http://127.0.0.1:${at}/arcp`,
    cut() {
      for (const socket of sockets.clients) socket._socket.resetAndDestroy();
    },
    close() {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      return new Promise((resolve) => http.close(resolve));
    },
  });
}
