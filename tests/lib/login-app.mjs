// An application that somebody logs in to, and how it is told that a login is not to be believed.

import assert from "node:assert/strict";
import { ArcgateError } from "../../pkg/entry.node.js";

export const app = "http://127.0.0.1:8787";
export const redirectUri = `${app}/callback`;
/** For `assert.rejects`: a login that is refused over this subject. */
export const rejected = (subject) => (error) => {
  assert.ok(error instanceof ArcgateError, String(error));
  assert.equal(error.code, "ERR_LOGIN_REJECTED", error.message);
  assert.equal(error.details.subject, subject, error.message);
  return true;
};
