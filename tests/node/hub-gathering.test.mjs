// What a hub does together: what comes of agents that end in one turn, and what is said soon after something was done.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Gathering } from "../../pkg/arcp/runtime/gathering.js";

/** One that was just done with something, at 1000, and counts what it does from then on. */
function gathering() {
  const acts = { count: 0 };
  const one = new Gathering(() => {
    acts.count += 1;
    one.done(1000);
  });
  one.done(1000);
  return { one, acts };
}

const microtasks = async (count = 1) => {
  for (let left = count; left > 0; left -= 1) await undefined;
};

test("who ends in the same turn is one; and what came of them meanwhile is not done twice", async () => {
  const { one, acts } = gathering();
  assert.deepEqual([one.defers("turn", "", 1000), one.defers("turn", "", 1000), acts.count], [true, true, 0]);
  await microtasks();
  assert.equal(acts.count, 1);
  assert.equal(one.defers("turn", "", 5000), true, "however long ago something was done");
  assert.equal(one.defers("now", "", 5000), false);
  one.done(5000);
  await microtasks(3);
  assert.equal(acts.count, 1);
});

test("what is said soon after goes together, and the first thing after a while at once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { one, acts } = gathering();
  assert.deepEqual([one.defers("soon", "", 1001), one.defers("soon", "", 1004)], [true, true]);
  t.mock.timers.tick(3);
  assert.equal(acts.count, 0);
  t.mock.timers.tick(1);
  assert.equal(acts.count, 1);
  assert.equal(one.defers("soon", "", 1005), false);
  assert.equal(one.defers("soon", "", 900), false, "and where the clock was put back");
  assert.equal(one.defers("soon", "", 1002), true);
  one.done(1002);
  t.mock.timers.tick(100);
  assert.equal(acts.count, 1, "it is done");
});

test("no more waits than so many steps, or characters", () => {
  for (const [said, most] of [
    ["a text says nothing of its length", 256],
    [2 ** 16, 4],
    [2 ** 30, 0],
  ]) {
    for (const haste of ["turn", "soon"]) {
      const { one } = gathering();
      let deferred = 0;
      while (deferred < 1000 && one.defers(haste, said, 1001)) deferred += 1;
      assert.equal(deferred, most, `${haste}, ${said}`);
      one.done(1001);
      assert.equal(one.defers(haste, 1, 1001), true, "and then again");
      one.done(1001);
    }
  }
});
