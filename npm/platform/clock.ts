// The user's clock.

import { ArcgateError, configError } from "../errors.js";

/** A clock of the user's. One that gives no number would make it 1970, when nothing had expired yet. */
export function clock(now: () => number): () => number {
  return () => {
    const millis = read(now);
    if (!Number.isFinite(millis)) throw configError("now", "must give milliseconds since 1970, as Date.now does");
    return millis;
  };
}

function read(now: () => number): number {
  try {
    return now();
  } catch (cause) {
    throw new ArcgateError("ERR_CONFIG", "`now` threw: give a function that always has the time", {
      details: { fault: "configuration", subject: "now" },
      cause,
    });
  }
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
