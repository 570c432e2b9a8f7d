// ArcClient against servers that do what servers do: what is sent, and what can't be.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcClient } from "../../pkg/entry.node.js";
import { all, answerTo, chat, clientOf, fails, json, SECRET, task } from "../lib/arc-client.mjs";

test("each of the nine methods sends its envelope", async () => {
  const { client, seen } = await clientOf((request) => json(answerTo(request, { result: { success: true } })));
  const message = { role: "user", parts: [{ type: "DataPart", content: "{}", mimeType: "application/json" }] };
  const common = { targetAgent: "echo", traceId: "trace-1" };
  const hi = { role: "user", parts: [{ type: "TextPart", content: "hi" }] };
  const calls = [
    ["task", "create", { initialMessage: "hi", priority: "HIGH", metadata: { a: 1 } }, { initialMessage: hi }],
    ["task", "send", { taskId: "t", message }, {}],
    ["task", "info", { taskId: "t", includeMessages: false, includeArtifacts: true }, {}],
    ["task", "cancel", { taskId: "t", reason: "no" }, {}],
    ["task", "subscribe", { taskId: "t", callbackUrl: "https://me.example/cb", events: ["TASK_COMPLETED"] }, {}],
    ["task", "notification", { taskId: "t", event: "TASK_FAILED", timestamp: "2026-01-01T00:00:00Z", data: {} }, {}],
    ["chat", "start", { initialMessage: message, chatId: "c", metadata: {} }, {}],
    ["chat", "message", { chatId: "c", message: "hi", stream: false }, { message: hi }],
    ["chat", "end", { chatId: "c", reason: "over" }, {}],
  ];
  for (const [group, method, params, changes] of calls) {
    assert.deepEqual(await client[group][method]({ ...common, ...params }), { success: true });
    const { url, init, request, token } = seen.at(-1);
    assert.match(request.id, /^[\w-]{36}$/);
    assert.deepEqual(request, {
      arc: "1.0",
      id: request.id,
      method: `${group}.${method}`,
      requestAgent: "me",
      targetAgent: "echo",
      traceId: "trace-1",
      params: { ...params, ...changes },
    });
    assert.deepEqual(
      [url, init.method, init.redirect, token],
      ["https://agents.example/arc", "POST", "manual", SECRET],
    );
    assert.equal(init.headers["content-type"], "application/arc+json");
  }
  assert.equal(new Set(seen.map(({ request }) => request.id)).size, 9, "an id is used once");
});

test("call sends any method and gives the result as it is", async () => {
  const result = { deep: JSON.parse(`${"[".repeat(100)}1.0${"]".repeat(100)}`) };
  const { client, seen } = await clientOf((request) => json(answerTo(request, { result })));
  assert.deepEqual(await client.call("agent.getCapabilities", { targetAgent: "echo", params: {} }), result);
  assert.equal(seen[0].request.method, "agent.getCapabilities");
  assert.ok(!("traceId" in seen[0].request));
  const { client: other } = await clientOf((request) => json(answerTo(request, { result: null })));
  assert.equal(await other.call("x", { targetAgent: "echo", params: {} }), null);
});

test("what can't be sent is refused before a token is asked for", async () => {
  const token = () => assert.fail("a token was asked for");
  const { client } = await clientOf(() => assert.fail("it was sent"), { token });
  const cycle = {};
  cycle.cycle = cycle;
  for (const [send, pattern] of [
    [() => client.task.create(), /options/],
    [() => client.task.create({ initialMessage: "hi" }), /`targetAgent` is missing/],
    [() => client.task.create({ targetAgent: "", initialMessage: "hi" }), /`targetAgent` must have 1 to 256/],
    [() => client.task.create({ targetAgent: "echo" }), /`initialMessage` is missing/],
    [() => client.task.create({ targetAgent: "echo", initialMessage: 7 }), /`initialMessage` must be a string, or/],
    [() => client.task.create({ ...task, priorty: "LOW" }), /did you mean `priority`/],
    [() => client.task.create({ ...task, timeoutMs: 0 }), /timeoutMs/],
    [() => client.task.create({ ...task, traceId: "" }), /`traceId`/],
    [() => client.task.create({ ...task, metadata: cycle }), /JSON/],
    [() => client.task.create({ ...task, metadata: 1n }), /JSON/],
    [() => client.chat.message({ targetAgent: "echo", chatId: "c" }), /`message` is missing/],
    [() => client.chat.end({ targetAgent: "echo" }), /`chatId` is missing/],
    [() => client.call("x", { targetAgent: "echo" }), /`params` must be an object/],
    [() => client.call("x", { targetAgent: "echo", params: [] }), /`params` must be an object/],
    [() => client.call("x", { targetAgent: "echo", params: { toJSON: () => 1 } }), /`params` must be an object/],
    [() => client.call("", { targetAgent: "echo", params: {} }), /`method`/],
    [() => client.call(undefined, { targetAgent: "echo", params: {} }), /`method` is missing/],
    [() => all(client.chat.start({ ...chat, strem: true })), /did you mean `stream`/],
  ]) {
    await fails(send(), "ERR_CONFIG", pattern);
  }
});

test("create refuses what a token must not be sent to, and wrong options", async () => {
  const good = { endpoint: "https://agents.example/arc", requestAgent: "me", token: SECRET };
  for (const [changes, pattern] of [
    [{ endpoint: "http://agents.example/arc" }, /`endpoint` must begin with https/],
    [{ endpoint: "http://localhost.evil.example/arc" }, /https/],
    [{ endpoint: "https://user:word@agents.example/arc" }, /user name or password/],
    [{ endpoint: "/arc" }, /https/],
    [{ endpoint: undefined }, /`endpoint`/],
    [{ requestAgent: undefined }, /`requestAgent` is missing/],
    [{ requestAgent: "" }, /`requestAgent`/],
    [{ token: undefined }, /`token` must be a string, a TokenManager, or a function/],
    [{ token: "" }, /no bearer token/],
    [{ token: `Bearer ${SECRET}` }, /without `Bearer `/],
    [{ token: `${SECRET}\n` }, /no bearer token/],
    [{ token: {} }, /`token` must be/],
    [{ fetch: "x" }, /`fetch` must be a function/],
    [{ timeoutMs: -1 }, /timeoutMs/],
    [{ limits: { maxAnswerBytes: "1" } }, /limits.maxAnswerBytes/],
    [{ limits: { maxAnswers: 1 } }, /limits.maxAnswers/],
    [{ retries: 1 }, /`retries` is not an option/],
  ]) {
    await fails(ArcClient.create({ ...good, ...changes }), "ERR_CONFIG", pattern);
  }
  for (const endpoint of [
    "http://localhost:1/arc",
    "http://127.0.0.1:1/arc",
    "http://[::1]:1/arc",
    new URL(good.endpoint),
  ]) {
    await ArcClient.create({ ...good, endpoint });
  }
});

test("half a character is not sent: a server that is strict could only say that it is no JSON", async () => {
  const { client, seen } = await clientOf(() => json({}));
  const cut = "hi \u{1F600}".slice(0, 4);
  await fails(
    client.task.create({ ...task, initialMessage: cut }),
    "ERR_CONFIG",
    /`params\.initialMessage\.parts\[0\]\.content` has half of a character/,
  );
  await fails(client.call("x.y", { targetAgent: "a", params: { [cut]: 1 } }), "ERR_CONFIG", /`params`/);
  assert.equal(seen.length, 0);
});
