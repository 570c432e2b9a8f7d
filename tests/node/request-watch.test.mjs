// What a request begins with and what it gets when it takes its time: one timer, and all that guards it once that has looked.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf } from "../../pkg/arc/gate/request-body.js";
import { AgentRun, endingOf } from "../../pkg/worker/agent-run.js";
import { Deadline } from "../../pkg/worker/deadline.js";
import { ready } from "../../pkg/worker.node.js";

await ready();

const settled = () => new Promise((resolve) => setImmediate(resolve));
const forever = () => new Promise(() => {});

/** A clock of the test's, and a request that says who listens to its signal. */
function timed(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
  const abort = new AbortController();
  const { signal } = abort;
  const heard = t.mock.method(signal, "addEventListener");
  const place = { stay: t.mock.fn(), end: t.mock.fn() };
  const begun = () => {
    const watch = new Deadline({ signal });
    watch.begin({ tokenEndMs: Number.POSITIVE_INFINITY, place });
    return watch;
  };
  return { abort, begun, place, listeners: () => heard.mock.callCount(), tick: (ms) => t.mock.timers.tick(ms) };
}

test("what is over at once hears of its client, and has given its place back", (t) => {
  const { begun, place, listeners, tick } = timed(t);
  const watch = begun();
  watch.allow(30_000, "body_timeout");
  watch.allow(300_000, "timeout");
  watch.stop();
  tick(400_000);
  assert.deepEqual(
    [watch.isEnded, listeners()],
    [false, 1],
    "workerd ends a request with all its timers when its client goes",
  );
  assert.deepEqual([place.stay.mock.callCount(), place.end.mock.callCount()], [0, 1]);
});

test("what takes its time is watched: its place says so, its client's going ends it at once", (t) => {
  const { abort, begun, place, listeners, tick } = timed(t);
  const watch = begun();
  watch.allow(30_000, "body_timeout");
  tick(10);
  assert.deepEqual([listeners(), place.stay.mock.callCount()], [1, 1]);
  abort.abort();
  assert.deepEqual([watch.isEnded, watch.outcome, watch.signal.reason.name], [true, "gone", "AbortError"]);
  watch.stop();
});

test("a client's going is heard at once from the beginning, and where it went before that", (t) => {
  for (const isBefore of [true, false]) {
    const { abort, begun } = timed(t);
    if (isBefore) abort.abort();
    const watch = begun();
    watch.allow(30_000, "body_timeout");
    abort.abort();
    assert.deepEqual([watch.isEnded, watch.outcome], [true, "gone"]);
    watch.stop();
    t.mock.timers.reset();
  }
});

for (const [what, ms] of [
  ["longer than the first look", 30_000],
  ["as long as it", 10],
  ["shorter", 3],
  ["none at all", 0],
]) {
  test(`the time that a step may take runs from its beginning: ${what}`, (t) => {
    const { begun, tick } = timed(t);
    const watch = begun();
    watch.allow(ms, "body_timeout");
    tick(Math.max(0, ms - 1));
    if (ms > 0) assert.equal(watch.isEnded, false);
    tick(1);
    assert.deepEqual([watch.isEnded, watch.outcome], [true, "body_timeout"]);
    watch.stop();
  });
}

test("a step that begins before the first look has its own time, and a shorter one is not kept waiting by the look", (t) => {
  const { begun, tick } = timed(t);
  const watch = begun();
  watch.allow(30_000, "body_timeout");
  tick(4);
  watch.allow(2, "timeout");
  tick(2);
  assert.equal(watch.outcome, "timeout");
  assert.equal(watch.isEnded, true);
  const other = begun();
  other.allow(20, "body_timeout");
  tick(5);
  other.allow(1000, "timeout");
  tick(999);
  assert.equal(other.isEnded, false);
  tick(1);
  assert.equal(other.outcome, "timeout");
});

test("a clock that is set back lengthens nothing", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 1_000_000;
  t.mock.method(Date, "now", () => now);
  const watch = new Deadline({}, { tokenEndMs: Number.POSITIVE_INFINITY });
  watch.allow(1000, "timeout");
  now = 1;
  t.mock.timers.tick(10);
  t.mock.timers.tick(1000);
  assert.deepEqual([watch.isEnded, watch.outcome], [true, "timeout"]);
});

test("a verifier has its time, and what it says in time counts, whoever has gone meanwhile", async (t) => {
  const { abort, tick } = timed(t);
  const watch = new Deadline({ signal: abort.signal });
  const never = watch.first(15_000, forever());
  tick(10);
  abort.abort();
  tick(14_990);
  assert.equal(await never, undefined);
  assert.equal(watch.isEnded, false, "nobody's work has begun");
  assert.equal(await watch.first(15_000, Promise.resolve("who")), "who");
  await assert.rejects(watch.first(15_000, Promise.reject(new Error("refused"))), /refused/);
  watch.begin({ tokenEndMs: Number.POSITIVE_INFINITY });
  assert.equal(watch.outcome, "gone");
  watch.stop();
});

test("who asks for the signal hears of the end at once, and who asks after it finds it aborted", (t) => {
  for (const outcome of ["timeout", "gone"]) {
    const { begun } = timed(t);
    const watch = begun();
    const { signal } = watch;
    if (outcome === "gone") watch.leave();
    else watch.end(outcome);
    assert.deepEqual([signal.aborted, signal.reason.outcome], [true, outcome === "gone" ? undefined : outcome]);
    const late = begun();
    late.end(outcome);
    assert.equal(late.signal.aborted, true);
    t.mock.timers.reset();
  }
});

test("a wait ends with the work, and says so; one that was over has its value", async (t) => {
  const { begun } = timed(t);
  const watch = begun();
  assert.equal(await watch.over(Promise.resolve(1)), 1);
  await assert.rejects(watch.over(Promise.reject(new Error("own"))), /own/);
  const waiting = watch.over(forever());
  watch.end("timeout");
  await assert.rejects(waiting, { code: "ERR_ABORTED" });
  await assert.rejects(watch.over(forever()), { code: "ERR_ABORTED" });
});

test("where the work has ended before, who waits or listens is told at once, and what fails then is seen", async (t) => {
  const { begun } = timed(t);
  const watch = begun();
  watch.end("timeout");
  await assert.rejects(watch.over(Promise.reject(new Error("fails too"))), { code: "ERR_ABORTED" });
  const told = t.mock.fn();
  watch.onEnd(told)();
  endingOf(watch.signal).onEnd(told);
  assert.equal(told.mock.callCount(), 2);
  // A rejection that nobody has seen fails the test now.
  await settled();
});

/** A request whose body is these pieces; one that is undefined never comes. */
function coming(...pieces) {
  const request = { headers: new Headers(), given: false };
  request.body = new ReadableStream(
    {
      pull(controller) {
        if (pieces.length === 0) return controller.close();
        const piece = pieces.shift();
        if (piece === undefined) return forever();
        controller.enqueue(new TextEncoder().encode(piece));
      },
      cancel() {
        request.given = true;
      },
    },
    { highWaterMark: 0 },
  );
  request.arrayBuffer = () => new Response(request.body).arrayBuffer();
  return request;
}

const free = { take: () => undefined, whole: () => 0 };

for (const userAgent of ["Cloudflare-Workers", "Node.js/22"]) {
  for (const pieces of [["whole body"], ["in ", "two"], []]) {
    test(`a body in ${pieces.length} pieces, ${userAgent}`, async (t) => {
      t.mock.getter(globalThis.navigator, "userAgent", () => userAgent);
      const { begun } = timed(t);
      const taken = [];
      const place = { ...free, take: (bytes) => void taken.push(bytes) };
      const text = pieces.join("");
      const length = { announced: text.length, limit: 100 };
      const { body } = await bodyOf(coming(...pieces), length, begun(), place);
      assert.equal(new TextDecoder().decode(body), text);
      assert.equal(
        taken.reduce((sum, bytes) => sum + bytes, 0),
        text.length,
        "each byte is counted, and once",
      );
    });
  }

  test(`a body that never comes has its time, ${userAgent}`, async (t) => {
    t.mock.getter(globalThis.navigator, "userAgent", () => userAgent);
    const { begun, tick } = timed(t);
    const watch = begun();
    watch.allow(30_000, "body_timeout");
    const request = coming("some", undefined);
    const read = bodyOf(request, { announced: 10, limit: 100 }, watch, free);
    await settled();
    tick(10);
    tick(29_990);
    assert.deepEqual([await read, watch.outcome], [{ reply: "lapsed" }, "body_timeout"]);
  });

  test(`a body that is longer than it may be, or too much beside others, is refused, ${userAgent}`, async (t) => {
    t.mock.getter(globalThis.navigator, "userAgent", () => userAgent);
    const { begun } = timed(t);
    const long = await bodyOf(coming("0123456789", "0"), { announced: 10, limit: 10 }, begun(), free);
    assert.equal(long.reply.reason, "too_large");
    const place = { ...free, take: () => "bodies_too_fast" };
    const fast = await bodyOf(coming("0123456789"), { announced: 10, limit: 10 }, begun(), place);
    assert.equal(fast.reply.reason, "bodies_too_fast");
  });
}

/** What an agent's run comes to, and whether its signal was ever made. */
async function ran(watch, agent) {
  const run = new AgentRun(agent, "in", { jobId: "j", name: "n", traceId: "t", ending: watch });
  return run.next();
}

test("an agent that answers at once, after a turn, or never", async (t) => {
  const { begun, listeners, tick } = timed(t);
  assert.deepEqual(await ran(begun(), async (input) => input), { output: "in" });
  assert.deepEqual(await ran(begun(), () => settled().then(() => "later")), { output: "later" });
  assert.equal(listeners(), 2, "each for its client, and nobody has asked for a signal");
  const watch = begun();
  watch.allow(1000, "timeout");
  const never = ran(watch, forever);
  await settled();
  tick(10);
  tick(990);
  assert.deepEqual([await never, watch.outcome], [{ aborted: true }, "timeout"]);
});

test("an agent's signal is its own, and there when it asks, however late", async (t) => {
  const { abort, begun } = timed(t);
  let context;
  const agent = (_input, given) => {
    context = given;
    return forever();
  };
  const never = ran(begun(), agent);
  await settled();
  const { signal } = context;
  assert.deepEqual([signal.aborted, Object.keys(context).includes("signal")], [false, true]);
  abort.abort();
  assert.equal(signal.aborted, true, "at once");
  assert.deepEqual(await never, { aborted: true });
});
