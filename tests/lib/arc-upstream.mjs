// The ARC front before an upstream that answers as a test says.

import { createServer } from "node:http";
import { after, before } from "node:test";
import { createWorker, ready } from "../../pkg/worker.node.js";
import { envelope } from "./arc.mjs";
import { listener } from "./listener.mjs";

const ctx = { waitUntil() {} };
export const scopes = ["arc.task.controller", "arc.chat.controller", "arc.agent.caller"];
const verifier = {
  async authenticate({ token }) {
    const [id, until] = token.split(".");
    return { id, scopes, ...(until && { expiresAt: Number(until) / 1000 }) };
  },
};

// What the upstream answers, what it was asked since `front`, and where it is.
let server;
export let origin;
export let requests;
let answer;

before(async () => {
  await ready();
  server = createServer(
    listener(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const seen = { method: request.method, url: request.url, raw: request.rawHeaders, headers: request.headers };
      seen.body = Buffer.concat(chunks).toString();
      seen.closed = new Promise((resolve) => response.on("close", resolve));
      requests.push(seen);
      await answer(seen, response);
    }),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

/** A front before the upstream that answers so. */
export function front(how, { path = "/arc", upstreamAuth = { mode: "passthrough" }, upstream, ...options } = {}) {
  requests = [];
  answer = how;
  const events = [];
  const worker = createWorker({
    verifier,
    arc: { upstream: upstream ?? origin + path, upstreamAuth },
    allowedOrigins: ["https://app.example"],
    audit: (event) => events.push(event),
    ...options,
  });
  const post = async ({ token = "alice", body = envelope(), headers = {}, signal } = {}) =>
    worker.fetch(
      new Request("http://127.0.0.1:8787/arc", {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
        signal,
      }),
      {},
      ctx,
    );
  return { post, events };
}

/** An event of a stream. */
export const event = (n) =>
  `event: stream\ndata: {"chatId":"c","message":{"role":"agent","parts":[{"type":"TextPart","content":"${n}"}]}}\n\n`;
