// The benchmark of hubs still runs against what it measures: a round of almost nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { burst, echo, paced, tables } from "../../benches/hub/tables.mjs";

test("npm run bench -- hub measures everybody it names", { timeout: 180_000 }, async () => {
  const plan = {
    rounds: 1,
    loads: [echo(2, 4), burst(1, 1, 3), paced(1, 2)],
    ramp: { seconds: 0.2, users: 2, echoesPerSec: [10], jobsAtOnce: [1] },
    rows: { sessions: 2, ended: 2, jobs: 2, events: 3 },
    idle: { sessions: 2, asleepSec: 0.1, seconds: 0.1, woken: 0 },
  };
  const { text } = await tables({ plan });
  const named = (name) => text.split("\n").filter((line) => line.startsWith(`| ${name} |`)).length;
  for (const name of ["hub, on disk", "hub that keeps nothing", "Python SDK’s runtime"])
    assert.equal(named(name), 3, name);
  assert.equal(named("a job of echo"), 1);
  assert.match(text, /\*\*Idle sessions\*\*: 2, /);
  assert.doesNotMatch(text, /NaN|Infinity|undefined/);
});
