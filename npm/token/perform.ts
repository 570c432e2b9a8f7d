// What the core asks for, done: storage, other tabs, the user's function, keys and requests.

import { within } from "../platform/cancellation.js";
import type { Fetch } from "../platform/fetch.js";
import type { CoreAction, HandIn, Post } from "./actions.js";
import type { Logins } from "./login.js";
import { tokensJson } from "./options.js";
import { type Signing, send, sign } from "./request.js";
import type { Tabs } from "./tabs.js";
import type { TokenSource, TokenStorage } from "./types.js";

/** What a manager's actions are performed with. */
export interface Parts {
  source: TokenSource;
  signing: Signing | undefined;
  storage: TokenStorage | undefined;
  fetch: Fetch;
  tabs: Tabs | undefined;
  logins: Logins | undefined;
  /** What kept the present attempt from an answer. */
  failed(cause: unknown): void;
  /** Performs a write after those before it. Gives whether it was done. */
  write(limitMs: number, work: () => unknown): Promise<boolean>;
  /** Writes tokens, as the core exports them. */
  put(text: string): unknown;
}

type CallbackSource = Extract<TokenSource, { type: "callback" }>;

const late = Symbol("late");

/** Performs one action of an attempt. */
export async function perform(action: CoreAction | Post, attempt: number, parts: Parts): Promise<HandIn> {
  const { storage, tabs } = parts;
  switch (action.do) {
    case "load": {
      await tabs?.look();
      const stored = await within(action.limitMs, storage?.get());
      const text = stored === undefined || stored === null ? undefined : JSON.stringify(stored);
      return (core, id, now) => core.handleLoaded(id, text, now);
    }
    case "lock": {
      const isFree = (await tabs?.lock(attempt, action.limitMs)) ?? true;
      return (core, id, now) => core.handleLock(id, isFree, now);
    }
    case "ask": {
      const isRotated = (await tabs?.ask(action)) ?? false;
      return (core, id, now) => core.handleTabsAsked(id, isRotated, now);
    }
    case "store": {
      const isDone = await parts.write(action.limitMs, () => parts.put(action.text));
      return (core, id, now) => core.handleStored(id, isDone, now);
    }
    case "delete": {
      const isDone = await parts.write(action.limitMs, () => storage?.delete());
      return (core, id, now) => core.handleStored(id, isDone, now);
    }
    case "call": {
      const given = await called(action.limitMs, action.reason, parts);
      return (core, id, now) => core.handleCallback(id, given, now);
    }
    case "sign": {
      const signature = await sign(parts.signing as Signing, action.input);
      return (core, id, now) => core.handleSignature(id, signature, now);
    }
    case "verify": {
      const verified = await within(action.limitMs, (parts.logins as Logins).verify(attempt, action), late);
      if (verified === late) throw "timeout";
      return verified;
    }
    default: {
      if (action.do === "post" && action.limitMs === undefined) tabs?.sends(attempt, action.body);
      const { status, body, date, retryAfter } = await send(parts.fetch, action, action.limitMs);
      return (core, id, now) => core.handleResponse(id, status, body, date, retryAfter, now);
    }
  }
}

// What the user's function gives, as JSON.
async function called(limitMs: number, reason: "initial" | "expiring" | "refused" | "forced", parts: Parts) {
  const call = (parts.source as CallbackSource).fetchToken({ reason, signal: AbortSignal.timeout(limitMs) });
  const given = await within(limitMs, call, late);
  if (given === late) throw "timeout";
  try {
    return tokensJson(given, "fetchToken()");
  } catch (cause) {
    // No token, like any other that it could have given instead.
    parts.failed(cause);
    return "null";
  }
}
