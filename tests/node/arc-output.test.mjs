// What an agent says is untrusted: over ARC, in a task as in a stream, it arrives whole, or the caller and the log hear why not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createWorker, ready } from "../../pkg/worker.node.js";
import { envelope, sse, streamed } from "../lib/arc.mjs";

await ready();

const scopes = ["arc.task.controller", "arc.chat.controller", "arc.agent.caller"];
const face = "\u{1F600}";

/** Runs an agent once as a task and once as a stream: what each caller got, and what the log has. */
async function both(agent, limits = {}) {
  const got = [];
  for (const body of [envelope({ targetAgent: "a" }), streamed("a", "x")]) {
    const events = [];
    const worker = createWorker({
      verifier: { authenticate: async () => ({ id: "u", scopes }) },
      agents: { a: agent },
      limits,
      audit: (event) => events.push(event),
    });
    const headers = { authorization: "Bearer the-token", "content-type": "application/json" };
    const request = new Request("http://127.0.0.1/arc", { method: "POST", headers, body: JSON.stringify(body) });
    const response = await worker.fetch(request, {}, { waitUntil() {} });
    const run = () => events.find(({ type }) => type === "arc.run");
    if (response.headers.get("content-type") !== "text/event-stream") {
      const json = await response.json();
      const parts = json.result?.task.messages[0].parts;
      got.push({ status: response.status, error: json.error, parts, run: run() });
      continue;
    }
    const all = [];
    for await (const event of sse(response)) all.push(event);
    const parts = all.flatMap(({ data }) => data.message?.parts ?? []);
    const error = all.find(({ event }) => event === "error")?.data.error ?? null;
    got.push({ last: all.at(-1), error, parts, run: run() });
  }
  return got;
}

const textOf = (parts) => parts.map(({ content }) => content).join("");

const quietly = (t) => t.mock.method(console, "error", () => {});

const nested = (levels) => {
  let value = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
};

const vendor = (body) => ({ kind: "x-vendor.acme.n", body });
const circle = {};
circle.self = circle;

for (const [what, bad, reason, kind] of [
  ["a BigInt", vendor({ n: 1n }), "bigint", vendor().kind],
  ["a cycle", vendor(circle), "cycle", vendor().kind],
  ["40 levels", vendor({ v: nested(40) }), "too_deep", vendor().kind],
  ["100,000 levels", vendor({ v: nested(100_000) }), "too_deep", vendor().kind],
  ["undefined", undefined, "no_value"],
  ["null", null, "not_an_event"],
  ["a function", () => {}, "no_value"],
  ["a plain text", "just text", "not_an_event"],
  ["half a character as the event", "\ud83d", "not_an_event"],
  [
    "a toJSON that throws",
    vendor({
      toJSON: () => {
        throw new Error("a secret");
      },
    }),
    "throws",
    vendor().kind,
  ],
  [
    "a getter that throws",
    vendor({
      get x() {
        throw new Error("a secret");
      },
    }),
    "throws",
    vendor().kind,
  ],
  ["too large", { kind: "thought", body: { text: "x".repeat(1_000_001) } }, "too_large", "thought"],
  ["an unknown kind", { kind: "thinking", body: {} }, "unknown_kind", "thinking"],
  ["a body of another kind", { kind: "result_chunk", body: { data: 7 } }, "wrong_body", "result_chunk"],
  ["a number that is none", { kind: "progress", body: { current: Number.NaN } }, "wrong_body", "progress"],
]) {
  test(`an event that can't be passed on ends the run, and says which and why: ${what}`, async (t) => {
    const log = quietly(t);
    let cleaned = 0;
    let aborted = 0;
    let went = 0;
    const [task, stream] = await both(async function* (_input, { signal }) {
      signal.addEventListener("abort", () => {
        aborted += 1;
      });
      try {
        yield { kind: "result_chunk", body: { data: "first" } };
        yield bad;
        went += 1;
        yield { kind: "result_chunk", body: { data: "last" } };
      } finally {
        cleaned += 1;
      }
    });
    for (const { error, run } of [task, stream]) {
      assert.equal(error.details.reason, reason);
      assert.deepEqual([error.details.event, error.details.kind], [2, kind]);
      assert.match(error.details.problem, /^The agent's event 2 /);
      assert.doesNotMatch(JSON.stringify(error), /secret/);
      assert.deepEqual([run.outcome, run.reason, run.detail], ["failed", "agent_failed", error.details.problem]);
    }
    assert.deepEqual([task.status, task.error.code, stream.error.code], [500, -42004, -32603]);
    assert.deepEqual([textOf(stream.parts), stream.last.event, stream.last.data.status], ["first", "done", "ERROR"]);
    assert.deepEqual([cleaned, aborted, went], [2, 2, 0]);
    assert.equal(log.mock.callCount(), 2);
  });
}

for (const [what, bad, reason] of [
  ["a BigInt", 1n, "bigint"],
  ["a cycle", circle, "cycle"],
  ["40 levels", nested(40), "too_deep"],
  ["a function", () => {}, "no_value"],
  ["a symbol", Symbol("x"), "no_value"],
]) {
  test(`a result that can't be passed on fails the run: ${what}`, async (t) => {
    quietly(t);
    for (const { error, run } of await both(async () => bad)) {
      assert.equal(error.details.reason, reason);
      assert.match(error.details.problem, /^The agent's result /);
      assert.deepEqual([run.outcome, run.detail], ["failed", error.details.problem]);
    }
  });
}

test("a result that is too large says so, with its size and the limit, to the caller and in the log", async (t) => {
  quietly(t);
  const pieces = async function* () {
    for (let piece = 0; piece < 50; piece += 1) yield { kind: "result_chunk", body: { data: "x".repeat(100) } };
  };
  for (const agent of [async () => "x".repeat(2000), pieces]) {
    for (const { error, run } of await both(agent, { maxAnswerBytes: 1000 })) {
      const { reason, bytes, limit, problem } = error.details;
      assert.deepEqual([reason, limit, bytes > 1000], ["too_large", 1000, true]);
      assert.match(problem, /at most 1000 are allowed/);
      assert.equal(run.detail, problem);
    }
  }
});

test("a text is whole, wherever it was cut", async () => {
  const text = `a${face}b${face}${face}`;
  for (let size = 1; size <= text.length; size += 1) {
    const [task, stream] = await both(async function* () {
      for (let at = 0; at < text.length; at += size) {
        yield { kind: "result_chunk", body: { data: text.slice(at, at + size) } };
        yield { kind: "thought", body: { text: "\ude00 in between" } };
      }
    });
    assert.equal(textOf(stream.parts), text, `a stream in pieces of ${size}`);
    assert.equal(textOf(task.parts), text, `a task in pieces of ${size}`);
    assert.equal(task.run.outcome, "completed");
  }
});

test("half a character that stays alone is U+FFFD", async () => {
  const cut = `x${face}`.slice(0, 2);
  for (const [agent, expected] of [
    [async () => cut, "x\ufffd"],
    [async () => face.slice(1), "\ufffd"],
    [
      async function* () {
        yield { kind: "result_chunk", body: { data: cut } };
      },
      "x\ufffd",
    ],
    [
      async function* () {
        yield { kind: "result_chunk", body: { data: cut } };
        return "y";
      },
      "x\ufffd",
    ],
  ]) {
    const [task, stream] = await both(agent);
    assert.equal(textOf(stream.parts), expected);
    assert.equal(textOf(task.parts), expected);
  }
  const [task] = await both(async () => ({ [cut]: cut }));
  assert.deepEqual(JSON.parse(task.parts[0].content), { "x\ufffd": "x\ufffd" });
});

test("a result in pieces is measured in bytes, as a whole one is", async (t) => {
  quietly(t);
  const text = "汉".repeat(1200);
  const pieces = async function* () {
    for (const data of [text, text]) yield { kind: "result_chunk", body: { data } };
  };
  for (const { error } of await both(pieces, { maxAnswerBytes: 3000 })) {
    assert.equal(error.details.reason, "too_large");
    assert.ok(error.details.bytes > 3600, `${error.details.bytes}`);
  }
});

test("bytes in pieces are files, and nothing comes after the last piece", async (t) => {
  const bytes = { kind: "result_chunk", body: { data: "AAE=", encoding: "base64" } };
  const file = { type: "FilePart", content: "AAE=", mimeType: "application/octet-stream" };
  for (const { parts } of await both(async function* () {
    yield bytes;
  }))
    assert.deepEqual(parts, [file]);
  quietly(t);
  const last = { kind: "result_chunk", body: { data: "x", more: false } };
  for (const { error } of await both(async function* () {
    yield last;
    yield last;
  })) {
    assert.equal(error.details.reason, "after_the_last");
  }
});

test("whatever an agent throws, the run ends and the log says so", async () => {
  const unshowable = Object.create(null);
  const trap = {
    get message() {
      throw new Error("no");
    },
  };
  for (const thrown of [unshowable, trap, undefined, null, Symbol("x"), "\ud83d", 1n]) {
    const agent = async () => {
      throw thrown;
    };
    for (const { error, run } of await both(agent)) {
      assert.ok([-42004, -32603].includes(error.code));
      assert.deepEqual([run.outcome, run.reason, error.details], ["failed", "agent_failed", undefined]);
    }
  }
});

const piece = (data, more = {}) => ({ kind: "result_chunk", body: { data, ...more } });

test("pieces are the result, whatever the agent returns besides", async () => {
  for (const besides of ["and this", { a: 1 }, 1n, null, undefined]) {
    for (const pieces of [
      [piece("a"), piece("b")],
      [piece("a\ud83d"), piece("\ude00b", { more: false })],
      [piece("")],
    ]) {
      const got = await both(async function* () {
        yield* pieces;
        return besides;
      });
      const whole = pieces.map(({ body }) => body.data).join("");
      for (const { error, parts, run } of got) {
        assert.deepEqual([error ?? null, textOf(parts), run.outcome], [null, whole, "completed"]);
      }
    }
  }
});

test("half a character before bytes is told before them, and joined with nothing behind them", async () => {
  for (const more of [{}, { more: false }]) {
    const got = await both(async function* () {
      yield piece("x\ud83d");
      yield piece("YWI=", { encoding: "base64", ...more });
      if (!("more" in more)) yield piece("\ude00y");
    });
    const expected = "more" in more ? ["x", "\ufffd", "YWI="] : ["x", "\ufffd", "YWI=", "\ufffdy"];
    for (const { parts } of got)
      assert.deepEqual(
        parts.map(({ content }) => content),
        expected,
      );
  }
});
