// ArcClient in Chromium: a call that succeeded is no failed request there, whoever watches the network.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchChromium } from "../lib/browser.mjs";
import { listener } from "../lib/listener.mjs";

const types = { js: "text/javascript", wasm: "application/wasm" };
const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

let browser;
let page;
let server;
const failed = [];
const finished = [];

before(async () => {
  server = createServer(
    listener(async (request, response) => {
      const { pathname } = new URL(request.url, "http://localhost");
      if (pathname.startsWith("/pkg/")) {
        const file = fileURLToPath(new URL(`../..${pathname}`, import.meta.url));
        response.writeHead(200, { "content-type": types[file.split(".").at(-1)] });
        return response.end(await readFile(file));
      }
      if (pathname !== "/arc") return response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html>");
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const { id, params } = JSON.parse(Buffer.concat(chunks));
      if (!params.stream) {
        response.writeHead(200, { "content-type": "application/arc+json" });
        const result = { type: "task", task: { taskId: "t", status: "COMPLETED" } };
        return response.end(
          JSON.stringify({ arc: "1.0", id, responseAgent: "a", targetAgent: "page", result, error: null }),
        );
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      const part = { type: "TextPart", content: "x" };
      response.write(event("stream", { chatId: "c", message: { role: "agent", parts: [part] } }));
      response.write(event("done", { chatId: "c", status: "ACTIVE", done: true }));
      // In a packet of its own, as servers end a stream.
      setImmediate(() => response.end());
    }),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await launchChromium();
  page = await browser.newPage();
  page.on("requestfailed", (request) => failed.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("requestfinished", (request) => finished.push(request.url()));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
});

after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

const calls = () => finished.filter((url) => url.endsWith("/arc")).length;

test("calls that succeed, and streams read to their end or left at `done`, are requests that succeed", async () => {
  const types = await page.evaluate(async () => {
    const { ArcClient } = await import("/pkg/entry.web.js");
    const client = await ArcClient.create({ endpoint: `${location.origin}/arc`, requestAgent: "page", token: "abc" });
    const ask = { targetAgent: "a", initialMessage: "hi" };
    for (let call = 0; call < 5; call += 1) await client.task.create(ask);
    const seen = [];
    for await (const { type } of client.chat.start({ ...ask, stream: true })) seen.push(type);
    for await (const { type } of client.chat.start({ ...ask, stream: true })) {
      seen.push(type);
      if (type === "done") break;
    }
    return seen;
  });
  assert.deepEqual(types, ["message", "done", "message", "done"]);
  while (calls() + failed.length < 7) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([failed, calls()], [[], 7]);
});
