// Waiting with a bound, and giving up without taking down what others wait for.

import { ArcgateError } from "./errors.js";

/** What a call throws that was given up through its AbortSignal. */
export function aborted(signal) {
  return new ArcgateError("ERR_ABORTED", "the call was given up", {
    retryable: true,
    details: { fault: "caller" },
    cause: signal.reason,
  });
}

/** Waits, unless the caller gives up first; what was waited for goes on. */
export async function orAborted(promise, signal) {
  if (!signal) return promise;
  let onAbort;
  const abort = new Promise((_, reject) => {
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
export async function within(ms, promise, otherwise) {
  let timer;
  const bound = new Promise((resolve) => {
    timer = setTimeout(resolve, ms, otherwise);
  });
  try {
    return await Promise.race([promise, bound]);
  } finally {
    clearTimeout(timer);
  }
}
