// When the work for a request ends before it is done: the client has gone, its token has ended or was revoked, or its time is
// over. It is watched from the moment that its token was found good, and asked about again after each wait (docs/checks.md lists
// them).
//
// Most requests are over within a turn or two, and what guards a long one would cost more than all else that is done for them. So a
// request begins with one timer, which looks whether it is still there. Only then its place says that it is alive, and its own time
// runs. Its client's going is listened for from the beginning, where the platform tells of it. An AbortSignal is made for whoever
// asks for one.

import { aborted, signalTells, type Timer, within } from "../platform/cancellation.js";
import { call } from "../platform/modules/gate.js";

/** A request that is still there after this long is watched. */
const LOOK_MS = 10;
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
  /** The place that the request has: it is told that the request takes its time, and that it is over. */
  place?: { stay(): void; end(): void };
}

/** What is needed of a request. */
interface Watched {
  readonly signal?: AbortSignal | null;
}

/** Watches a request: until it is known whose it is, its time; from then on whatever may end it. */
export class Deadline {
  #request: Watched;
  #watching: Watching | undefined;
  #knownAt = 0;
  #outcome: string | undefined;
  #abort: AbortController | undefined;
  #listeners: (() => void)[] | undefined;
  #isStopped = false;
  /** What listens for the client's going, once somebody does. */
  #leaving: (() => void) | undefined;
  /** Whether it was looked at, and so is watched. */
  #isWatched = false;
  #timer: Timer | undefined;
  #timerAt = 0;
  /** When its time is over, how long it was, and what comes then. */
  #limitAt = 0;
  #limitMs = 0;
  #due: (() => void) | undefined;
  #asksFrom: number | undefined;
  #asking: Timer | undefined;

  constructor(request: Watched, watching?: Watching) {
    this.#request = request;
    if (watching) this.begin(watching);
  }

  /** It is known whose request this is: its token was good a moment ago. */
  begin(watching: Watching): void {
    this.#watching = watching;
    this.#knownAt = Date.now();
    // A request whose client goes may end with all its timers: only who listens hears of it, and gives its place back.
    if (signalTells) this.#listen();
    if (this.#isWatched && !this.isEnded) this.#guard();
  }

  /** Aborted with a reason whose `outcome` is that of `end`, and that has none when the client has gone. */
  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#outcome === undefined) this.#listen();
      else this.#abort.abort(reasonOf(this.#outcome));
    }
    return this.#abort.signal;
  }

  /** Whether the work has ended, as far as somebody has said so. */
  get isEnded(): boolean {
    return this.#outcome !== undefined;
  }

  /** Why it has. */
  get outcome(): string {
    return this.#outcome ?? "gone";
  }

  /** Calls back when the work ends, and at once where it has ended. Gives what takes that back. */
  onEnd(listener: () => void): () => void {
    if (this.isEnded) {
      listener();
      return () => {};
    }
    this.#listeners ??= [];
    const listeners = this.#listeners;
    listeners.push(listener);
    return () => {
      const place = listeners.indexOf(listener);
      if (place >= 0) listeners.splice(place, 1);
    };
  }

  /** Waits, unless the work ends first: then it throws. What was waited for goes on. */
  over<T>(promise: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const off = this.onEnd(() => reject(aborted(this.signal)));
      // Also where the work has ended: what fails then must not be a failure that nobody has seen.
      promise.then(
        (value) => {
          off();
          resolve(value);
        },
        (error) => {
          off();
          reject(error);
        },
      );
    });
  }

  /** Waits for this long at most, and then gives undefined: for what comes before `begin`, which nothing else ends. */
  first<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#limit(ms, () => resolve(undefined));
      promise.then(resolve, reject);
    });
  }

  /** Lets the work take this long from now on, or else end as `outcome`; where the token ends before, as "expired". */
  allow(ms: number, outcome: string): void {
    const left = this.#endMs - Date.now();
    const name = left < ms ? "expired" : outcome;
    this.#limit(Math.max(0, Math.min(left, ms)), () => this.end(name));
  }

  /** Asks about the token from now on, as long as the work goes on. */
  watch(): void {
    if (!this.#watching?.isRevoked || this.#asksFrom !== undefined) return;
    this.#asksFrom = Date.now();
    if (this.#isWatched) this.#ask();
    else this.#lookIn(LOOK_MS);
  }

  /** Whether the work may go on, asked after a wait and right before the next step: undefined, or why not. */
  lapsed(): string | undefined | Promise<string | undefined> {
    if (this.isOver()) return this.outcome;
    return this.#watching?.isRevoked && this.#asked();
  }

  async #asked(): Promise<string | undefined> {
    const outcome = call("credentialStatus", await this.#answer(), undefined);
    if (outcome !== undefined) this.end(outcome);
    return this.isOver() ? this.outcome : undefined;
  }

  /** Whether the work has ended, or its token has: the timer may be late. */
  isOver(): boolean {
    if (Date.now() >= this.#endMs) this.end("expired");
    return this.isEnded;
  }

  /** Ends the work as `outcome`: "expired", "revoked", "revocation_unknown", "timeout" and the like. */
  end(outcome: string): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = outcome;
    this.#abort?.abort(reasonOf(outcome));
    for (const listener of this.#listeners?.splice(0) ?? []) listener();
  }

  /** Says that the client has gone. */
  leave(): void {
    this.end("gone");
  }

  /** Ends the watch. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#asking);
    if (this.#leaving) this.#request.signal?.removeEventListener("abort", this.#leaving);
    this.#watching?.place?.end();
  }

  get #endMs(): number {
    return this.#watching?.tokenEndMs ?? Number.POSITIVE_INFINITY;
  }

  // A timer that is there already is left where it comes early enough: it looks, and sets the next one.
  #limit(ms: number, due: () => void): void {
    this.#limitMs = ms;
    this.#limitAt = Date.now() + ms;
    this.#due = due;
    if (this.#isWatched) this.#waitFor(ms);
    else this.#lookIn(Math.min(LOOK_MS, ms));
  }

  #lookIn(ms: number): void {
    const at = Date.now() + ms;
    if (this.#timer !== undefined && this.#timerAt <= at) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  // It is still there.
  #look(): void {
    this.#isWatched = true;
    if (this.#watching) this.#guard();
    if (!this.#due) return;
    // Whoever sets the clock back lengthens nothing.
    const left = Math.min(this.#limitAt - Date.now(), this.#limitMs);
    if (left > 0) this.#waitFor(left);
    else this.#due();
  }

  #waitFor(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#due?.(), ms);
  }

  // From here on whatever may end it does so at once.
  #guard(): void {
    this.#listen();
    if (this.isEnded) return;
    this.#watching?.place?.stay();
    if (this.#asksFrom !== undefined) this.#ask();
  }

  #listen(): void {
    if (this.#leaving || this.#isStopped) return;
    const { signal } = this.#request;
    this.#leaving = () => this.leave();
    if (signal?.aborted) this.leave();
    else signal?.addEventListener("abort", this.#leaving, { once: true });
  }

  #ask(): void {
    if (this.#asking !== undefined || this.#asksFrom === undefined) return;
    const ask = async () => {
      const outcome = call("credentialStatus", await this.#answer(), Date.now() - this.#knownAt);
      if (outcome !== undefined) this.end(outcome);
    };
    const passed = Math.max(0, Date.now() - this.#asksFrom);
    this.#asking = setTimeout(
      () => {
        this.#asking = setInterval(ask, ASK_MS);
        void ask();
      },
      Math.max(0, ASK_MS - passed),
    );
  }

  async #answer(): Promise<boolean | undefined> {
    let revoked: unknown;
    try {
      revoked = await within(ANSWER_MS, this.#watching?.isRevoked?.(), undefined);
    } catch (error) {
      this.#watching?.complain?.(error);
    }
    if (typeof revoked !== "boolean") return undefined;
    this.#knownAt = Date.now();
    return revoked;
  }
}

function reasonOf(outcome: string): DOMException {
  if (outcome === "gone") return new DOMException("the client has gone", "AbortError");
  return Object.assign(new DOMException("the work was ended", "TimeoutError"), { outcome });
}
