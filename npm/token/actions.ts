// What passes between the core of a token manager and its driver.

import type { TokenCore } from "../wasm/client.js";

/** An action of the core's (`TokenCore.handleReady`), with the time that it may take. */
export type CoreAction = { limitMs: number } & (
  | { do: "load" }
  | { do: "lock" }
  | { do: "ask"; longMs: number }
  | { do: "store"; text: string }
  | { do: "delete" }
  | { do: "call"; reason: "initial" | "expiring" | "refused" | "forced" }
  | { do: "sign"; input: string }
  | { do: "verify"; token: string; keys?: string }
  | { do: "get"; url: string }
);

/** A request that carries a refresh token, which may count once, is not broken off: it has no limit. */
export type Post = { do: "post"; limitMs?: number; url: string; body: string; authorization?: string };

/** Hands what came of an action to the core. */
export type HandIn = (core: TokenCore, attempt: number, now: number) => void;

/** Something that is said to the core, with the time. */
export type Step<T> = (core: TokenCore, now: number) => T;

/** A Worker's `ctx.waitUntil`. */
export type WaitUntil = ((promise: Promise<unknown>) => void) | undefined;
