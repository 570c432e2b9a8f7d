// An agent's events as a series: what could not be kept is told by its number.

import assert from "node:assert/strict";
import { test } from "node:test";
import { AgentRun, endingOf } from "../../pkg/worker/agent-run.js";

async function seen(agent) {
  const { signal } = new AbortController();
  const run = new AgentRun(agent, undefined, { jobId: "j", name: "n", traceId: "t", ending: endingOf(signal) });
  for (const events = []; ; ) {
    const step = await run.next();
    if (!("event" in step)) return { events, ...step };
    events.push(step.event);
  }
}

test("an agent that reports without ever waiting loses nothing in silence", async () => {
  for (const count of [1, 1000, 1001, 1002, 5000]) {
    const { events, output } = await seen((_input, { progress }) => {
      for (let current = 1; current <= count; current += 1) progress(current, count);
      return "end";
    });
    assert.equal(output, "end");
    const [first, ...rest] = events;
    const dropped = first.kind === "x-vendor.arcgate.dropped" ? first.body.count : 0;
    assert.equal(dropped > 0, count > 1000);
    const steps = (dropped > 0 ? rest : events).map(({ body }) => body.current);
    assert.deepEqual(
      steps,
      Array.from({ length: count - dropped }, (_, index) => dropped + index + 1),
    );
  }
});

test("what an agent logs is text", async () => {
  const { events } = await seen((_input, { log }) => log("info", new Error("odd")));
  assert.deepEqual(events, [{ kind: "log", body: { level: "info", message: "Error: odd" } }]);
});
