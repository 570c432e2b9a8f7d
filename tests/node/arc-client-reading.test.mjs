// ArcClient against servers that do what servers do: streams that are read slowly, left, aborted, silent or cut off.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcClient } from "../../pkg/entry.node.js";
import { chat, clientOf, done, fails, piece, SECRET, serve, streaming } from "../lib/arc-client.mjs";

test("nothing is read before it is asked for, and leaving gives the connection up", async () => {
  const texts = Array.from({ length: 50 }, (_, index) => piece(String(index)));
  for (const leave of ["break", "return", "unread", "throw"]) {
    const { response, state } = streaming(texts, { open: true });
    const { client } = await clientOf(() => response);
    const stream = await client.chat.start(chat);
    assert.equal(state.pulled, 0, "a stream that nobody reads is held back");
    if (leave === "return") {
      await stream.next();
      const waiting = stream.return();
      assert.deepEqual(await waiting, { done: true, value: undefined });
    } else if (leave === "unread") {
      await stream.return();
    } else {
      const read = (async () => {
        for await (const { message } of stream) {
          if (message.parts[0].content !== "2") continue;
          if (leave === "throw") throw new RangeError("mine");
          break;
        }
      })();
      if (leave === "throw") await assert.rejects(read, RangeError);
      else await read;
    }
    assert.ok(state.pulled <= 3, `${leave}: ${state.pulled} were pulled`);
    assert.ok(state.cancelled, leave);
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  }
});

test("returning while an event is awaited ends the wait", async () => {
  const { response, state } = streaming([piece("a")], { open: true });
  const { client } = await clientOf(() => response);
  const stream = await client.chat.start(chat);
  await stream.next();
  const waiting = stream.next();
  await stream.return();
  assert.deepEqual(await waiting, { done: true, value: undefined });
  assert.ok(state.cancelled);
});

test("an abort ends a stream, read or not; a silent one times out; a slow reader does not", async () => {
  for (const isReading of [true, false]) {
    const { response, state } = streaming([piece("a")], { open: true });
    const { client } = await clientOf(() => response);
    const abort = new AbortController();
    const stream = await client.chat.start({ ...chat, signal: abort.signal });
    await stream.next();
    const waiting = isReading && stream.next();
    abort.abort();
    if (!isReading) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      assert.ok(state.cancelled, "at once, even when nobody reads");
    }
    await fails(waiting || stream.next(), "ERR_ABORTED");
    assert.ok(state.cancelled);
  }
  // What came with the first event, and was not asked for before the abort, is not given after it.
  for (const together of [[piece("a") + piece("b")], [piece("a") + done]]) {
    const { client } = await clientOf(() => streaming(together, { open: true }).response);
    const abort = new AbortController();
    const stream = await client.chat.start({ ...chat, signal: abort.signal });
    await stream.next();
    abort.abort();
    await fails(stream.next(), "ERR_ABORTED");
  }
  const { client: silent } = await clientOf(() => streaming([piece("a")], { open: true }).response, { timeoutMs: 40 });
  const seen = [];
  const read = async () => {
    for await (const event of silent.chat.start(chat)) seen.push(event);
  };
  await fails(read(), "ERR_TIMEOUT");
  assert.equal(seen.length, 1);
  const { client: slow } = await clientOf(() => streaming([piece("a"), piece("b"), done]).response, { timeoutMs: 40 });
  let count = 0;
  for await (const _ of slow.chat.start(chat)) {
    count += 1;
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
  assert.equal(count, 3);
});

test("the wait counts from the last byte, and a comment is one", async (t) => {
  let controller;
  const body = new ReadableStream({
    start: (given) => {
      controller = given;
    },
  });
  const headers = { "content-type": "text/event-stream" };
  const { client } = await clientOf(() => new Response(body, { headers }), { timeoutMs: 1000 });
  const stream = await client.chat.start(chat);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const next = stream.next();
  for (let comment = 0; comment < 5; comment += 1) {
    t.mock.timers.tick(900);
    controller.enqueue(new TextEncoder().encode(": still working\n\n"));
    await new Promise((resolve) => setImmediate(resolve));
  }
  controller.enqueue(new TextEncoder().encode("event: done\ndata: {}\n\n"));
  assert.equal((await next).value.type, "done");
  t.mock.timers.reset();
  await stream.return();
});

test("a connection that breaks in the middle is an error, not an end", async () => {
  let breakOff;
  const server = await serve((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(piece("a"));
    breakOff = () => response.destroy();
  });
  try {
    const client = await ArcClient.create({ endpoint: server.url, requestAgent: "me", token: SECRET });
    const seen = [];
    const read = async () => {
      for await (const event of client.chat.start(chat)) {
        seen.push(event);
        breakOff();
      }
    };
    await fails(read(), "ERR_NETWORK");
    assert.equal(seen.length, 1);
  } finally {
    await server.close();
  }
});
