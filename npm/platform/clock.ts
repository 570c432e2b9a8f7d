// The user's clock.

import { configError } from "../errors.js";

/** A clock of the user's. One that gives no number would make it 1970, when nothing had expired yet. */
export function clock(now: () => number): () => number {
  return () => {
    const millis = now();
    if (!Number.isFinite(millis)) throw configError("now", "must give milliseconds since 1970, as Date.now does");
    return millis;
  };
}

/** A clock that goes on where the user's fails: it gives the last time that it was told. */
export function steady(now: () => number): () => number {
  let last = 0;
  return () => {
    try {
      last = now();
    } catch {
      // Whoever asks it directly hears of that.
    }
    return last;
  };
}
