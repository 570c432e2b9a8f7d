// @ts-nocheck
// What a user's function that gives tokens threw. What is permanent is not called an outage; the core knows the names for it.

import { ArcgateError, errorFromJson } from "../errors.js";
import { call } from "../platform/call.js";

/** The name of an error: auth0's `error`, MSAL's `errorCode`, or `code`. */
export function nameOf(thrown) {
  return [thrown?.error, thrown?.errorCode, thrown?.code].find((name) => typeof name === "string");
}

/** The error of a call whose source of tokens, `who`, threw. Whoever wrote it is at fault, by `fault`. */
export function sourceError(cause, who, fault) {
  if (cause instanceof ArcgateError) return cause;
  const error = errorFromJson(call("sourceFailure", who, nameOf(cause), cause?.retryable === false));
  error.cause = cause;
  error.details.fault = fault;
  return error;
}
