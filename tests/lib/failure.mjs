// What a promise fails with.

import assert from "node:assert/strict";
import { ArcgateError } from "../../pkg/entry.node.js";

/** Expects an ArcgateError of this code, and gives it. */
export async function failure(promise, code) {
  const error = await promise.then(
    () => assert.fail("it succeeded"),
    (thrown) => thrown,
  );
  assert.ok(error instanceof ArcgateError, error?.stack);
  assert.equal(error.code, code, error.message);
  return error;
}
