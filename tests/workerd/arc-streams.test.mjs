// POST /arc in workerd: streams, and agents that outlive their token or their client.

import assert from "node:assert/strict";
import { test } from "node:test";
import { envelope, sse, streamed } from "../lib/arc.mjs";
import { audit, post, url, worker } from "./arc-worker/started.mjs";

test("an event that can't be passed on: an error on the stream, the generator's clean-up, a line in the log", async () => {
  for (const [what, reason] of [
    ["bigint", "bigint"],
    ["half", "not_an_event"],
  ]) {
    const events = [];
    for await (const event of sse(
      await fetch(`${url}/arc`, {
        method: "POST",
        headers: { authorization: "Bearer good", "content-type": "application/json" },
        body: JSON.stringify(streamed("misspeaks", what)),
      }),
    )) {
      events.push(event);
    }
    assert.deepEqual(
      events.map(({ event }) => event),
      ["stream", "error", "done"],
    );
    assert.equal(events[1].data.error.details.reason, reason);
    await audit(() => worker.log.some((line) => line.includes(`misspeaks: finally ${what}`)));
    const problem = events[1].data.error.details.problem;
    await audit((lines) => lines.some(({ type, detail }) => type === "arc.run" && detail === problem));
  }
});

test("a stream: events as they happen, then done", async () => {
  const response = await fetch(`${url}/arc`, {
    method: "POST",
    // As the Python SDK asks for it.
    headers: { authorization: "Bearer good", "content-type": "text/event-stream", accept: "text/event-stream" },
    body: JSON.stringify(streamed("count", '{"to":3,"delayMs":200}')),
  });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const events = [];
  for await (const event of sse(response)) events.push(event);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["stream", "stream", "stream", "stream", "done"],
  );
  const content = (index) => JSON.parse(events[index].data.message.parts[0].content);
  assert.deepEqual(content(0), { kind: "progress", body: { current: 1, total: 3 } });
  assert.equal(content(3), 3);
  assert.deepEqual(events[4].data, { chatId: events[0].data.chatId, status: "ACTIVE", done: true });
  assert.ok(events[2].at - events[0].at > 150, "not all at once");
  const { text: reported } = await post({ body: streamed("reports", "x") });
  assert.equal(reported.match(/event: stream/g).length, 3);
  assert.doesNotMatch(reported, /not for the caller/);
  const { text: failed } = await post({ body: streamed("fails", "x") });
  assert.match(
    failed,
    /^event: error\ndata: \{"chatId":"chat-[^"]*","error":\{"code":-32603,"message":"Internal error"\}\}\n\nevent: done\n/,
  );
  assert.match((await post({ body: streamed("nothing", "x") })).text, /^event: done/);
});

test("a stream is cut when its token ends, also when the agent ignores that", async () => {
  const end = Date.now() + 4000;
  const response = await fetch(`${url}/arc`, {
    method: "POST",
    headers: { authorization: `Bearer until.${end}`, "content-type": "application/json" },
    body: JSON.stringify(streamed("stubborn", "x", { traceId: "cut-1" })),
  });
  const events = [];
  for await (const event of sse(response)) events.push(event);
  const done = events.at(-1);
  assert.ok(events.length > 2, "events, before it was cut");
  assert.deepEqual(events.at(-2).data.error, { code: -44004, message: "Token expired" });
  assert.deepEqual([done.event, done.data.status], ["done", "ERROR"]);
  assert.ok(done.at >= end - 20, `${end - done.at} ms before the end`);
  const lines = await audit((all) => all.some(({ type, traceId }) => type === "arc.run" && traceId === "cut-1"));
  const line = lines.find(({ type, traceId }) => type === "arc.run" && traceId === "cut-1");
  assert.deepEqual([line.outcome, line.reason], ["cut", "ERR_TOKEN_EXPIRED"]);
});

test("an answer that takes longer than its token is no answer", async () => {
  const { status, json } = await post({ token: `until.${Date.now() + 4000}`, body: envelope({ targetAgent: "slow" }) });
  assert.deepEqual([status, json.error.code, json.id], [403, -44004, "r1"]);
});

test("an agent stops when its client has gone", async () => {
  const abort = new AbortController();
  const response = await fetch(`${url}/arc`, {
    method: "POST",
    signal: abort.signal,
    headers: { authorization: "Bearer good", "content-type": "application/json" },
    body: JSON.stringify(streamed("stubborn", "x", { traceId: "gone-1" })),
  });
  for await (const _ of sse(response)) break;
  abort.abort();
  await audit((all) =>
    all.some(({ type, traceId, reason }) => type === "arc.run" && traceId === "gone-1" && reason === "client_gone"),
  );
});

test("what an agent is told: no principal, no token", async () => {
  const { json } = await post({ body: envelope({ targetAgent: "context" }) });
  const keys = JSON.parse(json.result.task.messages[0].parts[0].content);
  assert.deepEqual(keys, ["agent", "jobId", "lease", "log", "progress", "signal", "traceId"]);
  const version = async (targetAgent) =>
    (await post({ body: envelope({ targetAgent }) })).json.result.task.messages[0].parts[0].content;
  assert.deepEqual([await version("multi"), await version("multi@1")], ["two", "one"]);
});
