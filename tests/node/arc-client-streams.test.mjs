// ArcClient against servers that do what servers do: streams.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  all,
  answerTo,
  chat,
  clientOf,
  done,
  failing,
  fails,
  json,
  piece,
  streaming,
  task,
} from "../lib/arc-client.mjs";

const contents = (events) => events.map(({ type, message }) => message?.parts[0].content ?? type);

test("a stream is an async iterable, with and without a second await", async () => {
  const { client, seen } = await clientOf(
    () => streaming([piece("a") + piece("b").slice(0, 20), piece("b").slice(20), done]).response,
  );
  for (const stream of [
    client.chat.start(chat),
    await client.chat.message({ targetAgent: "echo", chatId: "c1", message: "hi", stream: true }),
  ]) {
    const events = await all(stream);
    assert.deepEqual(contents(events), ["a", "b", "done"]);
    assert.deepEqual(events[0], {
      type: "message",
      event: "stream",
      chatId: "c1",
      message: { role: "agent", parts: [{ type: "TextPart", content: "a" }] },
      data: { chatId: "c1", message: { role: "agent", parts: [{ type: "TextPart", content: "a" }] } },
    });
    assert.deepEqual([events[2].chatId, events[2].status], ["c1", "ACTIVE"]);
  }
  assert.match(seen[0].init.headers.accept, /text\/event-stream/);
  assert.equal(seen[0].request.params.stream, true);
  const called = await client.call("chat.start", { targetAgent: "echo", params: { stream: true } });
  assert.equal((await all(called)).length, 3);
});

test("every framing and every name gives the same pieces", async () => {
  const data = (text) =>
    JSON.stringify({ chatId: "c1", message: { role: "agent", parts: [{ type: "TextPart", content: text }] } });
  const enveloped = (text) =>
    JSON.stringify({ arc: "1.0", id: "x", result: { type: "chat", chat: JSON.parse(data(text)) }, error: null });
  const framings = [
    [piece("a") + piece("b") + done],
    [(piece("a") + piece("b") + done).replaceAll("\n", "\r\n")],
    [(piece("a") + piece("b") + done).replaceAll("\n", "\r")],
    [`\ufeff: hello\n\n${piece("a")}: ping\n\n`, piece("b"), done],
    [piece("a"), piece("b")],
    [piece("a"), piece("b"), "event: done\ndata: {}"],
    [piece("a"), piece("b"), "event: done\n\n"],
    [`event: chat\ndata: ${data("a")}\n\nevent: message\ndata: ${data("b")}\n\n`],
    [`data: ${data("a")}\n\ndata: ${enveloped("b")}\n\ndata: {"done":true}\n\n`],
    [`data: ${data("a").replaceAll(",", ",\ndata: ")}\n\ndata: ${data("b")}\n\n`],
    [...new TextEncoder().encode(piece("a") + piece("b") + done)].map((byte) => new Uint8Array([byte])),
  ];
  for (const [index, texts] of framings.entries()) {
    const { client } = await clientOf(() => streaming(texts).response);
    const events = await all(client.chat.start(chat));
    assert.deepEqual(contents(events.filter(({ type }) => type !== "done")), ["a", "b"], `framing ${index}`);
    assert.ok(events.every(({ type, message }) => type === "done" || message.role === "agent"));
  }
  const { client } = await clientOf(
    () => streaming(["event: ping\ndata: now\n\nevent: content\ndata: {}\n\n", done]).response,
  );
  const others = await all(client.chat.start(chat));
  assert.deepEqual(others.slice(0, 2), [
    { type: "other", event: "ping", data: "now" },
    { type: "other", event: "content", data: {} },
  ]);
});

test("an error on a stream, in its three forms, ends the iteration after what came before", async () => {
  for (const [data, arcCode, pattern] of [
    ['{"message":"boom","code":-43005}', -43005, /-43005: boom/],
    ['{"chatId":"c","error":{"code":-43005,"message":"boom"}}', -43005, /-43005: boom/],
    ['{"chatId":"c","error":"boom"}', undefined, /boom/],
    ['{"error":"boom"}', undefined, /boom/],
    ['"boom"', undefined, /boom/],
    ["boom", undefined, /boom/],
  ]) {
    const { response, state } = streaming([`${piece("a")}event: error\ndata: ${data}\n\n`, done], { open: true });
    const { client } = await clientOf(() => response);
    const seen = [];
    const read = async () => {
      for await (const event of client.chat.start(chat)) seen.push(event);
    };
    const error = await fails(read(), "ERR_REMOTE", pattern);
    assert.equal(error.arcCode, arcCode);
    assert.deepEqual(contents(seen), ["a"]);
    assert.ok(state.cancelled, "nobody reads on");
  }
  const { client } = await clientOf(
    () => streaming(['event: done\ndata: {"status":"ERROR","done":true}\n\n']).response,
  );
  await fails(all(client.chat.start(chat)), "ERR_REMOTE", /status ERROR/);
  const { client: enveloped } = await clientOf(
    () => streaming(['data: {"arc":"1.0","error":{"code":-43001}}\n\n']).response,
  );
  assert.equal((await fails(all(enveloped.chat.start(chat)), "ERR_REMOTE")).arcCode, -43001);
});

test("a stream that is none, that is broken, or that is too long", async () => {
  const chatResult = {
    type: "chat",
    chat: {
      chatId: "c1",
      status: "ACTIVE",
      message: { role: "agent", parts: [{ type: "TextPart", content: "whole" }] },
    },
  };
  const { client: whole } = await clientOf((request) => json(answerTo(request, { result: chatResult })));
  assert.deepEqual(contents(await all(whole.chat.start(chat))), ["whole"]);
  const { client: refused } = await clientOf((request) => json(failing(-44003, "no")(request), 403));
  await fails(refused.chat.start(chat), "ERR_TOKEN_SCOPE");
  await fails(all(refused.chat.start(chat)), "ERR_TOKEN_SCOPE");
  const limits = { maxEventBytes: 1000, maxStreamBytes: 3000 };
  for (const [texts, pattern] of [
    [["data: {\n\n"], /not JSON/],
    [["data: [DONE]\n\n"], /not JSON/],
    [[piece("a").slice(0, 40)], /not JSON/],
    [["data: \u00ff".repeat(200)], /maxEventBytes/],
    [[piece("x".repeat(2000))], /maxEventBytes.*1000 are allowed/],
    [Array(100).fill(": ping\n\n".repeat(10)), /maxStreamBytes/],
    [[new Uint8Array([...new TextEncoder().encode("data: "), 0xff, 10, 10])], /UTF-8/],
  ]) {
    const { response, state } = streaming(texts, { open: true });
    const { client } = await clientOf(() => response, { limits, timeoutMs: 500 });
    const finished = pattern.source === "not JSON" && !String(texts[0]).endsWith("\n\n");
    const { response: short } = streaming(texts);
    const { client: ending } = await clientOf(() => short, { limits });
    await fails(all((finished ? ending : client).chat.start(chat)), "ERR_PROTOCOL", pattern);
    if (!finished) assert.ok(state.cancelled, String(pattern));
  }
});

test("the largest result that a gate sends by default fits, in a stream and as an answer, also as JSON in a text", async () => {
  // 10 MiB of JSON, of which each character is escaped once more.
  const result = { a: '"'.repeat(5_242_875) };
  const text = JSON.stringify(result);
  assert.equal(text.length, 10_485_758);
  const message = { role: "agent", parts: [{ type: "DataPart", content: text, mimeType: "application/json" }] };
  const { client } = await clientOf(() => streaming([`data: ${JSON.stringify({ message })}\n\n`, done]).response);
  assert.equal((await all(client.chat.start(chat)))[0].message.parts[0].content.length, text.length);
  const answer = { type: "task", task: { taskId: "t", status: "COMPLETED", messages: [message] } };
  const { client: other } = await clientOf((request) => json(answerTo(request, { result: answer })));
  assert.equal((await other.task.create(task)).task.messages[0].parts[0].content.length, text.length);
});

test("a stream's error about a size has it and the limit", async () => {
  const { client } = await clientOf(() => streaming([piece("x".repeat(2000))]).response, {
    limits: { maxEventBytes: 1000 },
  });
  const { details } = await fails(all(client.chat.start(chat)), "ERR_PROTOCOL", /maxEventBytes/);
  assert.deepEqual([details.limit, details.bytes > 1000, details.fault], [1000, true, "peer"]);
});

test("a large piece goes into the core bit by bit", async () => {
  const text = Array.from({ length: 20_000 }, (_, index) => piece(String(index))).join("");
  const { client } = await clientOf(() => streaming([text, done]).response);
  assert.equal((await all(client.chat.start(chat))).length, 20_001);
});
