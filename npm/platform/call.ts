// Calls into the core that take and give strings.

import type { ArcgateError } from "../errors.js";
import { bindings, type Core, failureOf } from "./wasm.js";

/** The names of its functions, without its classes and the module's own. */
export type CoreFunction = {
  [Name in keyof Core]: Core[Name] extends abstract new (
    ...args: never
  ) => unknown
    ? never
    : Core[Name] extends (...args: never) => unknown
      ? Name
      : never;
}[keyof Core];

/** Calls one of the core's functions. What it throws is an ArcgateError; after a trap the next call finds a fresh instance. */
export function call<Name extends CoreFunction>(name: Name, ...args: Parameters<Core[Name]>): ReturnType<Core[Name]> {
  try {
    return (bindings[name] as (...args: Parameters<Core[Name]>) => ReturnType<Core[Name]>)(...args);
  } catch (thrown) {
    throw failureOf(thrown);
  }
}

// A call of a function that gives text: its name, and what that function takes.
type JsonCall = {
  [Name in CoreFunction]: ReturnType<Core[Name]> extends string ? [name: Name, ...args: Parameters<Core[Name]>] : never;
}[CoreFunction];

/** The same, for a function that gives JSON: of the type T, which nobody but its caller knows. */
export function callJson<T>(...[name, ...args]: JsonCall): T {
  return JSON.parse((call as (name: CoreFunction, ...args: unknown[]) => string)(name, ...args));
}

/** An error as the arguments that the core takes for it: code, retryable, subject, seconds to wait. */
export function errorArguments(error: ArcgateError): [string, boolean, string | undefined, number | undefined] {
  const { subject, retryAfterSec } = Object(error.details);
  return [
    String(error.code),
    error.retryable === true,
    typeof subject === "string" ? subject : undefined,
    typeof retryAfterSec === "number" ? retryAfterSec : undefined,
  ];
}
