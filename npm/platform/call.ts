// @ts-nocheck
// Calls into the core that take and give strings.

import { toArcgateError } from "../errors.js";
import { bindings, recoverFrom } from "./wasm.js";

/** Calls one of the core's functions. What it throws is an ArcgateError; after a trap the next call finds a fresh instance. */
export function call(name, ...args) {
  try {
    return bindings[name](...args);
  } catch (thrown) {
    recoverFrom(thrown);
    throw toArcgateError(thrown);
  }
}

/** The same, for a function that gives JSON. */
export function callJson(name, ...args) {
  return JSON.parse(call(name, ...args));
}

/** An error as the arguments that the core takes for it: code, retryable, subject, seconds to wait. */
export function errorArguments(error) {
  const { subject, retryAfterSec } = Object(error.details);
  return [
    String(error.code),
    error.retryable === true,
    typeof subject === "string" ? subject : undefined,
    typeof retryAfterSec === "number" ? retryAfterSec : undefined,
  ];
}
