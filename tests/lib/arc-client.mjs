// An ArcClient whose server a test plays: its answers, its streams, and what must not be seen in an error.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { ArcClient, ArcgateError } from "../../pkg/entry.node.js";

export const SECRET = "a-token-that-nobody-may-see.0123456789";

export const answerTo = (request, changes = {}) => ({
  arc: "1.0",
  id: request.id,
  responseAgent: request.targetAgent,
  targetAgent: request.requestAgent,
  result: { type: "task", task: { taskId: "t1", status: "COMPLETED" } },
  error: null,
  ...changes,
});

export const json = (body, status = 200, headers = {}) =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), {
    status,
    headers: { "content-type": "application/arc+json", ...headers },
  });

export const failing = (code, message, details) => (request) =>
  answerTo(request, { result: null, error: { code, message, details } });

/** A client whose fetch is `answer(request, init, index)`; `seen` are the requests. */
export async function clientOf(answer, options = {}) {
  const seen = [];
  const fetch = async (url, init) => {
    const request = JSON.parse(init.body);
    seen.push({ url, init, request, token: init.headers.authorization.slice("Bearer ".length) });
    return answer(request, init, seen.length - 1);
  };
  const client = await ArcClient.create({
    endpoint: "https://agents.example/arc",
    requestAgent: "me",
    token: SECRET,
    fetch,
    ...options,
  });
  return { client, seen };
}

/** What a promise fails with: an ArcgateError of this code that shows no token anywhere. */
export async function fails(promise, code, pattern = /./) {
  const error = await promise.then(
    (value) => assert.fail(`it succeeded with ${JSON.stringify(value)}`),
    (thrown) => thrown,
  );
  assert.ok(error instanceof ArcgateError, error?.stack ?? String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, pattern);
  for (let at = error; at; at = at.cause) {
    const shown = `${at.message}\n${at.stack}\n${JSON.stringify(at, Object.getOwnPropertyNames(at))}`;
    assert.ok(!shown.includes(SECRET), `a token in ${shown}`);
  }
  return error;
}

export const task = { targetAgent: "echo", initialMessage: "hi" };
export const chat = { ...task, stream: true };

/** A response that streams these texts (or whatever `pull` does). */
export function streaming(texts, { headers = {}, open = false } = {}) {
  const encoder = new TextEncoder();
  const state = { pulled: 0, cancelled: false };
  const body = new ReadableStream(
    {
      pull(controller) {
        if (state.pulled < texts.length) {
          const text = texts[state.pulled++];
          controller.enqueue(typeof text === "string" ? encoder.encode(text) : text);
        } else if (!open) controller.close();
        else return new Promise(() => {});
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const response = new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8", ...headers } });
  return { response, state };
}

export const piece = (text) =>
  `event: stream\ndata: ${JSON.stringify({ chatId: "c1", message: { role: "agent", parts: [{ type: "TextPart", content: text }] } })}\n\n`;

export const done = `event: done\ndata: {"chatId":"c1","status":"ACTIVE","done":true}\n\n`;

export async function all(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

export async function serve(handler) {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}/arc`, close };
}
