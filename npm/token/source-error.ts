// What a user's function that gives tokens threw. What is permanent is not called an outage; the core knows the names for it.

import type { ErrorDetails } from "../error-codes.js";
import { ArcgateError, type CoreError } from "../errors.js";
import { call } from "../platform/modules/client.js";

/** The name of an error: auth0's `error`, MSAL's `errorCode`, or `code`. */
export function nameOf(thrown: unknown): string | undefined {
  const { error, errorCode, code } = Object(thrown) as Record<string, unknown>;
  return [error, errorCode, code].find((name) => typeof name === "string");
}

/** The error of a call whose source of tokens, `who`, threw. Whoever wrote it is at fault, by `fault`. */
export function sourceError(cause: unknown, who: string, fault: ErrorDetails["fault"]): ArcgateError {
  if (cause instanceof ArcgateError) return cause;
  const isFinal = (Object(cause) as { retryable?: unknown }).retryable === false;
  const failure: CoreError = JSON.parse(call("sourceFailure", who, nameOf(cause), isFinal));
  const { code, message, retryable, details } = failure;
  return new ArcgateError(code, message, { retryable, details: { ...details, fault }, cause });
}
