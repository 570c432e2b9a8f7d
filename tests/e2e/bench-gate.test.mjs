// The benchmark of sessions still runs against what it measures: a round of almost nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tables } from "../../benches/gate.mjs";

test("npm run bench -- gate measures everybody it names", { timeout: 180_000 }, async () => {
  const plan = {
    rounds: 1,
    handshakes: 2,
    echoes: 1,
    events: 3,
    warm: 1,
    groups: 2,
    idle: 3,
    idleSec: 0.1,
    asleepSec: 0.1,
  };
  const { text } = await tables({ plan });
  const rows = text.split("\n").filter((line) => /^\| \w/.test(line));
  assert.deepEqual(
    rows.map((line) => line.split(" | ")[0].slice(2)),
    [
      "bare pipe, upstream",
      "gate, upstream",
      "gate, embedded runtime",
      "Python SDK’s runtime",
      "a bare socket",
      "bare pipe, upstream",
      "gate, upstream",
      "gate, embedded runtime",
      "Python SDK’s runtime",
      "bare pipe, an object that sleeps",
    ],
  );
  assert.doesNotMatch(text, /NaN|Infinity|undefined/);
});
