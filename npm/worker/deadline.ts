// When the work for a request ends before it is done: the client has gone, its token has ended or was revoked, or its time is
// over. It is watched from the moment that its token was found good, and asked about again after each wait (docs/checks.md lists
// them).

import { type Timer, within } from "../platform/cancellation.js";
import { call } from "../platform/modules/gate.js";

/** How often a long request's token is asked about: as often as a live session's. */
const ASK_MS = 4000;
/** An answer that takes longer is none. */
const ANSWER_MS = 3000;

/** What a watch is made of, and whom it tells. */
export interface Watching {
  /** When the token ends. */
  tokenEndMs: number;
  /** Whether it was taken back; undefined where nobody can say. */
  isRevoked?: (() => Promise<boolean | undefined>) | undefined;
  /** That can't be found out. */
  complain?: (error: unknown) => void;
  /** The watch has ended. */
  stopped?: () => void;
}

/** What is needed of a request. */
interface Watched {
  readonly signal?: AbortSignal | null;
}

/** Watches a request whose token was good a moment ago. */
export class Deadline {
  #request: Watched;
  #endMs: number;
  #isRevoked: Watching["isRevoked"];
  #stopped: () => void;
  #complain: (error: unknown) => void;
  #knownAt = Date.now();
  #abort = new AbortController();
  #timer: Timer | undefined;
  #asking: Timer | undefined;

  constructor(request: Watched, { tokenEndMs, isRevoked, complain = () => {}, stopped = () => {} }: Watching) {
    this.#request = request;
    this.#endMs = tokenEndMs;
    this.#isRevoked = isRevoked;
    this.#complain = complain;
    this.#stopped = stopped;
    if (request.signal?.aborted) this.leave();
    else request.signal?.addEventListener("abort", this.leave, { once: true });
  }

  /** Aborted with a reason whose `outcome` is that of `end`, and that has none when the client has gone. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why `signal` is aborted. */
  get outcome(): string {
    return this.signal.reason?.outcome ?? "gone";
  }

  /** Lets the work take this long from now on, or else end as `outcome`; where the token ends before, as "expired". */
  allow(ms: number, outcome: string): void {
    clearTimeout(this.#timer);
    const left = this.#endMs - Date.now();
    const name = left < ms ? "expired" : outcome;
    this.#timer = setTimeout(() => this.end(name), Math.max(0, Math.min(left, ms)));
  }

  /** Asks about the token from now on, as long as the work goes on. */
  watch(): void {
    if (!this.#isRevoked) return;
    this.#asking ??= setInterval(async () => {
      const revoked = await this.#ask();
      const outcome = call("credentialStatus", revoked, Date.now() - this.#knownAt);
      if (outcome !== undefined) this.end(outcome);
    }, ASK_MS);
  }

  /** Whether the work may go on, asked after a wait and right before the next step: undefined, or why not. */
  async lapsed(): Promise<string | undefined> {
    if (this.isOver()) return this.outcome;
    if (!this.#isRevoked) return undefined;
    const outcome = call("credentialStatus", await this.#ask(), undefined);
    if (outcome !== undefined) this.end(outcome);
    return this.isOver() ? this.outcome : undefined;
  }

  /** Whether the work has ended, or its token has: the timer may be late. */
  isOver(): boolean {
    if (Date.now() >= this.#endMs) this.end("expired");
    return this.signal.aborted;
  }

  /** Ends the work as `outcome`: "expired", "revoked", "revocation_unknown", "timeout" and the like. */
  end(outcome: string): void {
    this.#abort.abort(Object.assign(new DOMException("the work was ended", "TimeoutError"), { outcome }));
  }

  /** Says that the client has gone. */
  leave = (): void => this.#abort.abort(new DOMException("the client has gone", "AbortError"));

  /** Ends the watch. */
  stop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#asking);
    this.#request.signal?.removeEventListener("abort", this.leave);
    this.#stopped();
  }

  async #ask(): Promise<boolean | undefined> {
    let revoked: unknown;
    try {
      revoked = await within(ANSWER_MS, this.#isRevoked?.(), undefined);
    } catch (error) {
      this.#complain(error);
    }
    if (typeof revoked !== "boolean") return undefined;
    this.#knownAt = Date.now();
    return revoked;
  }
}
