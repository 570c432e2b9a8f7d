// What a policy may answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { decide } from "../../pkg/arcp/runtime/policy.js";

const jobs = [{ id: "job_1", principal: { key: "static||alice" } }];
const ask = (what, answer) => {
  const asked = { what, jobs, principal: { key: "static||bob" }, sameSession: false };
  return [...decide({ canObserve: answer, canCancel: answer }, asked)];
};

test("true is a yes; whatever else it is, it is a no, and told unless it is false", async (t) => {
  const { mock } = t.mock.method(console, "error", () => {});
  for (const what of ["observe", "cancel"]) {
    assert.deepEqual([ask(what, () => true), ask(what, () => false)], [[1], [0]]);
    assert.equal(mock.callCount(), 0);
    const others = [
      [async () => true, /true or false, at once, and gave a promise/],
      [() => 1, /gave number/],
      [() => undefined, /gave undefined/],
      [
        () => {
          throw new Error("no");
        },
        /the policy failed/,
      ],
    ];
    for (const [answer, says] of others) {
      assert.deepEqual(ask(what, answer), [0]);
      assert.match(mock.calls.at(-1).arguments[0], says);
      assert.equal(mock.callCount(), 1);
      mock.resetCalls();
    }
  }
  // One that fails later ends no process.
  const late = Promise.reject(new Error("a failure of the database"));
  assert.deepEqual(
    ask("observe", () => late),
    [0],
  );
  await late.catch(() => {});
  await Promise.resolve();
  assert.equal(mock.callCount(), 2);
});
