// @ts-nocheck
// The user's listeners: what they do wrong changes nothing, and is told once.

let isTold = false;

/** Hands an event to a listener, with the time by `now()` in milliseconds. One that throws, at once or later, harms nobody. */
export function tell(listener, event, now = Date.now) {
  try {
    const result = listener({ ...event, time: now() / 1000 });
    if (typeof result?.then === "function") result.then(undefined, failed);
  } catch (thrown) {
    failed(thrown);
  }
}

function failed(thrown) {
  if (isTold) return;
  isTold = true;
  // Its name alone: what it says may hold what the event was about.
  console.error(`arcgate: onEvent failed: ${nameOf(thrown)} (told once)`);
}

function nameOf(thrown) {
  try {
    return String(thrown?.name ?? typeof thrown);
  } catch {
    return typeof thrown;
  }
}
