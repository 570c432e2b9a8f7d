// A server of the tests' whose listener waits for a request's body: clients that go away in the midst of it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { request as ask, createServer } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { listener } from "../lib/listener.mjs";

let server;
let begun;
let ended;
before(async () => {
  const work = listener(async (request, response) => {
    begun();
    response.end(await text(request));
  });
  server = createServer((request, response) => {
    ended = work(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
after(() => server.close());

test("one that goes before its request was read fails nothing", async () => {
  const arrived = new Promise((resolve) => {
    begun = resolve;
  });
  const half = ask({ port: server.address().port, method: "POST", headers: { "content-length": 10 } });
  half.on("error", () => {});
  half.write("half");
  await arrived;
  half.destroy();
  await ended;
});

test("a mistake of the listener's own stays one", async () => {
  const broken = listener(async () => assert.fail("a mistake"));
  await assert.rejects(broken({ complete: true }, {}), /a mistake/);
});
