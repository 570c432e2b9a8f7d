// What is under way for a token manager: each attempt is performed action by action, and others wait for it. What the core asks
// for, done: storage, other tabs, the user's function, keys and requests.

import { within } from "../platform/cancellation.js";
import type { Fetch } from "../platform/fetch.js";
import { recoverFrom } from "../platform/modules/client.js";
import type { TokenCore } from "../wasm/client.js";
import type { CoreAction, HandIn, Post, WaitUntil } from "./actions.js";
import type { Logins } from "./login.js";
import { tokensJson } from "./options.js";
import { type Signing, send, sign, unguessable } from "./request.js";
import { nameOf } from "./source-error.js";
import type { Tabs } from "./tabs.js";
import type { TokenSource, TokenStorage } from "./types.js";

/** What the manager does for its attempts. */
interface Host {
  now(): number;
  /** Whether a core is still the manager's. */
  isCurrent(core: TokenCore): boolean;
  perform(action: CoreAction | Post, attempt: number): Promise<HandIn>;
  /** An attempt is over. */
  ended(attempt: number): void;
}

const asksSomebody = ["call", "get", "post"];

/** The attempts of one manager. */
export class Attempts {
  /** What kept the last one from an answer, if anything was thrown. */
  cause: unknown;
  #host: Host;
  #running = new Map<number, Promise<void>>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** Begins an attempt. It belongs to nobody: whoever gives up waiting leaves it to the others. */
  start(core: TokenCore, attempt: number, waitUntil?: WaitUntil): Promise<void> {
    const running = this.#run(core, attempt)
      .catch((thrown: unknown) => void recoverFrom(thrown))
      .finally(() => {
        if (this.#running.get(attempt) === running) this.#running.delete(attempt);
        this.#host.ended(attempt);
      });
    this.#running.set(attempt, running);
    waitUntil?.(running);
    return running;
  }

  /**
   * Waits for somebody else's attempt. On an edge runtime its request may have been cancelled: then the promise never settles,
   * or, in newer ones, throws when it is waited for. Then this caller goes on with the attempt.
   */
  async waitFor(core: TokenCore, attempt: number, limitMs: number, waitUntil: WaitUntil): Promise<void> {
    const running = this.#running.get(attempt);
    try {
      await within(limitMs, running ?? new Promise(() => {}));
    } catch {
      // Of those who waited, one takes over.
      if (this.#running.get(attempt) !== running || !this.#host.isCurrent(core)) return;
      if (core.handlePerformerGone(attempt, this.#host.now())) this.start(core, attempt, waitUntil);
      else this.#running.delete(attempt);
    }
  }

  async #run(core: TokenCore, attempt: number): Promise<void> {
    // Whoever asks at the same moment is there before anything is sent, and shares it.
    await undefined;
    for (;;) {
      const text = core.handleReady(attempt, unguessable(), this.#host.now());
      if (text === undefined) return;
      const action: CoreAction | Post = JSON.parse(text);
      let handIn: HandIn;
      try {
        if (asksSomebody.includes(action.do)) this.cause = undefined;
        handIn = await this.#host.perform(action, attempt);
      } catch (thrown) {
        if (typeof thrown !== "string") this.cause = thrown;
        handIn = failed(action, thrown);
      }
      if (!this.#host.isCurrent(core)) return;
      try {
        handIn(core, attempt, this.#host.now());
      } catch (thrown) {
        if (recoverFrom(thrown)) return;
        // Whatever a callback, a storage or a lock gave that the core can't take: that failed, and nobody waits for it.
        this.cause = thrown;
        core.handleFailure(attempt, "network", this.#host.now());
      }
    }
  }

  /** When all that is under way has ended, one way or another. */
  settled(): Promise<unknown> {
    return Promise.allSettled(this.#running.values());
  }

  /** Forgets what is under way: its core is gone. */
  clear(): void {
    this.#running.clear();
  }
}

// Why an action has no result. A request says it by a word; the user's function throws what it likes.
function failed(action: CoreAction | Post, thrown: unknown): HandIn {
  if (action.do === "call" && thrown !== "timeout") {
    const name = nameOf(thrown);
    const isPermanent = (thrown as { retryable?: unknown } | null | undefined)?.retryable === false;
    return (core, id, now) => core.handleCallbackError(id, name, isPermanent, now);
  }
  const why = typeof thrown === "string" ? thrown : "network";
  return (core, id, now) => core.handleFailure(id, why, now);
}

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
