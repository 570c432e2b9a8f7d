// One agent's run, from the outside.

import { ArcgateError } from "../../errors.js";

/** A run that can be stopped and paused. */
export class Run {
  #abort = new AbortController();
  #paused: { promise: Promise<void>; resolve: () => void } | undefined;
  /** Why it has failed, for the log alone. */
  detail: string | undefined;

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(reason: string): void {
    const name = reason === "timeout" || reason === "lease_expired" ? "TimeoutError" : "AbortError";
    this.#abort.abort(new DOMException(`the job has ended: ${reason}`, name));
    this.resume();
  }

  pause(): void {
    if (this.#paused || this.#abort.signal.aborted) return;
    let resolve = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    this.#paused = { promise, resolve };
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** Waits while it is paused. */
  async released(): Promise<void> {
    while (this.#paused) await this.#paused.promise;
  }
}

/** What the client is told of an agent's failure: what it did wrong itself, or one of the protocol's codes, or nothing. */
export function failure(error: unknown): { code: string; message?: string } {
  try {
    if (error instanceof ArcgateError && error.details?.fault === "caller") {
      return { code: "INVALID_REQUEST", message: error.message };
    }
    const { code } = Object(error);
    if (typeof code === "string") return { code };
  } catch {
    // Anything can be thrown.
  }
  return { code: "INTERNAL_ERROR" };
}
