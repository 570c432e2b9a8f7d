// The ARC front before an upstream that streams: what comes through, when it ends, and where it is cut.

import assert from "node:assert/strict";
import { test } from "node:test";
import { EventSplitter } from "../../pkg/arc/gate/event-splitter.js";
import { gate, recoverFrom } from "../../pkg/platform/modules/gate.js";
import { sse, streamed } from "../lib/arc.mjs";
import { event, front, requests } from "../lib/arc-upstream.mjs";

test("a stream comes through as it comes, and its client's going ends it there", { timeout: 20_000 }, async () => {
  let response;
  const { post, events } = front((_seen, stream) => {
    response = stream;
    stream.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "set-cookie": "a=b" });
    stream.write(event(1));
  });
  const answered = await post({ body: streamed("far", "x") });
  assert.equal(answered.headers.get("content-type"), "text/event-stream");
  assert.equal(answered.headers.has("set-cookie"), false);
  const events_ = sse(answered);
  assert.equal((await events_.next()).value.data.message.parts[0].content, "1");
  // In pieces that are no events.
  for (const piece of [event(2).slice(0, 20), event(2).slice(20) + event(3).slice(0, 5)]) response.write(piece);
  assert.equal((await events_.next()).value.data.message.parts[0].content, "2");
  response.write(event(3).slice(5));
  assert.equal((await events_.next()).value.data.message.parts[0].content, "3");
  await events_.return();
  await requests[0].closed;
  assert.deepEqual([events.at(-1).outcome, events.at(-1).reason], ["cut", "client_gone"]);
});

test("a stream is cut between events: with its token, when the upstream breaks off, when an event has no end", {
  timeout: 20_000,
}, async (t) => {
  // Time passes once the first event was read, however long that took.
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const half = event("half").slice(0, -8);
  const start = (stream) => {
    stream.writeHead(200, { "content-type": "text/event-stream" });
    stream.write(event(1) + half);
  };
  for (const [how, options, token, expected, reason] of [
    [start, { limits: { clockToleranceSec: 0 } }, () => `alice.${Date.now() + 150}`, -44004, "ERR_TOKEN_EXPIRED"],
    [start, { limits: { agentTimeoutMs: 150 } }, () => "alice", -41006, "timeout"],
    [
      (stream) => {
        start(stream);
        setTimeout(() => stream.destroy(), 30);
      },
      {},
      () => "alice",
      -41003,
      "upstream_unreachable",
    ],
    [
      (stream) => {
        start(stream);
        stream.write("x".repeat(3000));
      },
      { limits: { maxAnswerBytes: 2000 } },
      () => "alice",
      -45004,
      "upstream_too_large",
    ],
  ]) {
    const { post, events } = front((_seen, stream) => void how(stream), options);
    const answered = await post({ token: token(), body: streamed("far", "x") });
    const reader = answered.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (let hasPassed = false; ; ) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
      if (hasPassed || !text.includes(event(1))) continue;
      hasPassed = true;
      t.mock.timers.tick(150);
    }
    assert.ok(text.startsWith(event(1)) && !text.includes(half), text);
    const [error, done] = text.slice(event(1).length).split("\n\n");
    assert.equal(JSON.parse(error.slice("event: error\ndata: ".length)).error.code, expected);
    assert.equal(JSON.parse(done.slice("event: done\ndata: ".length)).status, "ERROR");
    assert.equal(events.at(-1).reason, reason);
    await requests[0].closed;
  }
});

test("a reader that is slow slows the upstream down", { timeout: 30_000 }, async () => {
  let sent = 0;
  const chunk = `data: ${"x".repeat(64 * 1024)}\n\n`;
  const { post } = front(async (seen, stream) => {
    stream.writeHead(200, { "content-type": "text/event-stream" });
    let isClosed = false;
    seen.closed.then(() => (isClosed = true));
    while (!isClosed && sent < 2000) {
      sent += 1;
      if (!stream.write(chunk))
        await Promise.race([new Promise((resolve) => stream.once("drain", resolve)), seen.closed]);
    }
  });
  const answered = await post({ body: streamed("far", "x") });
  const reader = answered.body.getReader();
  await reader.read();
  // Until the upstream is held back: nothing more goes out, however often it is looked at.
  let before;
  do {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  } while (sent !== before);
  assert.ok(sent < 1000, `${sent} chunks of 64 kB went out unread`);
  await reader.cancel();
  await requests[0].closed;
});

test("events end where events end, however they are cut", () => {
  const encoder = new TextEncoder();
  for (const newline of ["\n", "\r\n", "\r"]) {
    const one = `event: a${newline}data: 1${newline}${newline}`;
    const text = `${one}${newline}${one}: comment${newline}${newline}data: tail`;
    for (let size = 1; size <= text.length; size += 1) {
      const splitter = new EventSplitter(1000);
      let whole = "";
      for (let at = 0; at < text.length; at += size) {
        const given = splitter.push(encoder.encode(text.slice(at, at + size)));
        if (given === undefined) continue;
        whole += new TextDecoder().decode(given);
        const blank = whole.endsWith(newline + newline) || whole.endsWith("\r\n\r");
        assert.ok(blank, `${JSON.stringify(whole)} of pieces of ${size}`);
      }
      assert.equal(whole.replace(/[\r\n]/g, ""), text.slice(0, text.indexOf("data: tail")).replace(/[\r\n]/g, ""));
      assert.ok(!whole.includes("tail") && whole.includes("comment"));
    }
  }
  const splitter = new EventSplitter(10);
  assert.equal(splitter.push(encoder.encode("data: 1")), undefined);
  splitter.check();
  splitter.push(encoder.encode("2345"));
  assert.throws(() => splitter.check(), RangeError);
});

test("a stream outlives the instance of the module that it began with", () => {
  const encoder = new TextEncoder();
  for (const pieces of [
    ["data: 1\r\n\r", "\nda", "ta: 2\n\n"],
    ["data: 1\n", "\n", "data", ": 2\r\r"],
  ]) {
    const cut = (between) => {
      const splitter = new EventSplitter(1000);
      return pieces.map((piece) => {
        between();
        const whole = splitter.push(encoder.encode(piece));
        splitter.check();
        return whole && new TextDecoder().decode(whole);
      });
    };
    const trap = () =>
      assert.throws(
        () => gate.bindings.trapForTests(),
        (thrown) => recoverFrom(thrown),
      );
    assert.deepEqual(
      cut(trap),
      cut(() => {}),
    );
  }
});
