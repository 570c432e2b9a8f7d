// Waiting with a bound: a call's AbortSignal and its time-out; and giving up without taking down what others wait for.

import { ArcgateError } from "../errors.js";

/** A timer, which is a number or an object. */
export type Timer = ReturnType<typeof setTimeout>;

const { Cloudflare: platform } = globalThis as { Cloudflare?: { compatibilityFlags?: Record<string, boolean> } };

/**
 * Whether a request's signal may tell that its client has gone. A Worker has a flag for that. Without it nobody is told: the
 * platform ends all that is done for the request; and the signal, which it makes when it is asked for, costs as much as the check of
 * a token that was seen before.
 */
export const signalTells: boolean = platform?.compatibilityFlags?.enable_request_signal !== false;

/**
 * The end of something, for whoever wants to hear of it. A signal is made for who asks for it alone: it costs more than most else of a
 * handshake, and what was opened with it keeps it, some kB, while it is open.
 */
export class Ending {
  #abort: AbortController | undefined;
  #hasCome = false;

  get hasCome(): boolean {
    return this.#hasCome;
  }

  /** Somebody hears of it. */
  get isHeard(): boolean {
    return this.#abort !== undefined;
  }

  /** Aborted when it comes, or has come. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#hasCome) this.#abort.abort();
    return this.#abort.signal;
  }

  come(): void {
    this.#hasCome = true;
    this.#abort?.abort();
  }
}

/** What a call throws that was given up through its AbortSignal. */
export function aborted(signal: AbortSignal): ArcgateError {
  return new ArcgateError("ERR_ABORTED", "the call was given up", {
    retryable: true,
    details: { fault: "caller" },
    cause: signal.reason,
  });
}

/** Waits, unless the caller gives up first; what was waited for goes on. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let onAbort = () => {};
  const abort = new Promise<never>((_, reject) => {
    onAbort = () => reject(aborted(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, abort]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Waits for so long at most: then it is `otherwise`. A promise of another request may never settle on an edge runtime. */
export function within<T>(ms: number, promise: T | PromiseLike<T>): Promise<T | undefined>;
export function within<T, O>(ms: number, promise: T | PromiseLike<T>, otherwise: O): Promise<T | O>;
export async function within(ms: number, promise: unknown, otherwise?: unknown): Promise<unknown> {
  let timer: Timer | undefined;
  const bound = new Promise((resolve) => {
    timer = setTimeout(resolve, ms, otherwise);
  });
  try {
    return await Promise.race([promise, bound]);
  } finally {
    clearTimeout(timer);
  }
}

/** Bounds everything that one call waits for. `stop` must be called at its end. */
export class Watch {
  #abort = new AbortController();
  #caller: AbortSignal | undefined;
  #timeoutMs: number;
  #timer: Timer | undefined;
  #leave = (): void => this.#abort.abort(this.#caller?.reason);

  constructor(caller: AbortSignal | undefined, timeoutMs: number) {
    this.#caller = caller;
    this.#timeoutMs = timeoutMs;
    if (caller?.aborted) this.#leave();
    else caller?.addEventListener("abort", this.#leave, { once: true });
    this.start();
  }

  /** Aborted by whichever comes first. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Lets the time run anew. */
  start(): void {
    this.pause();
    this.#timer = setTimeout(() => this.#abort.abort(), this.#timeoutMs);
  }

  /** Stops the clock, and leaves the caller's signal on. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  /** Ends both. */
  stop(): void {
    this.pause();
    this.#caller?.removeEventListener("abort", this.#leave);
  }

  /** What the call ends with once `signal` is aborted. */
  error(): ArcgateError {
    if (this.#caller?.aborted) {
      return new ArcgateError("ERR_ABORTED", "the call was given up", {
        retryable: true,
        details: { fault: "caller" },
        cause: this.#caller.reason,
      });
    }
    return new ArcgateError("ERR_TIMEOUT", `no answer within ${this.#timeoutMs} ms (\`timeoutMs\`)`, {
      retryable: true,
      details: { fault: "peer" },
    });
  }

  /** Waits, but no longer than that: what was waited for may go on. */
  async over<T>(promise: T | PromiseLike<T>): Promise<T> {
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(this.error());
      if (this.signal.aborted) onAbort();
      else this.signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      const value = await Promise.race([aborted, promise]);
      if (this.signal.aborted) throw this.error();
      return value;
    } catch (thrown) {
      // Whoever watches the same signal may have failed of it first.
      throw this.signal.aborted ? this.error() : thrown;
    } finally {
      this.signal.removeEventListener("abort", onAbort);
    }
  }
}

/**
 * The pieces of a response's body, read when they are asked for. Whoever stops early cancels the body; one that was read to its
 * end is left alone, or a browser shows the request as one that failed.
 */
export async function* chunks(
  response: Response,
  watch: Watch,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  if (!response.body) return;
  const reader = response.body.getReader();
  let isWhole = false;
  try {
    for (;;) {
      const { done, value } = await watch.over(reader.read());
      isWhole = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isWhole) reader.cancel().catch(() => {});
  }
}
