// The user's listeners: what they do wrong changes nothing, and is said once in the log.

let isLogged = false;

/** An event of a union, before anybody has said when. */
export type Untimed<E> = E extends unknown ? Omit<E, "time"> : never;

/** Hands an event to a listener, with the time by `now()` in milliseconds. One that throws, at once or later, harms nobody. */
export function notify<E extends { time: number }>(
  listener: (event: E) => unknown,
  event: Untimed<E>,
  now = Date.now,
): void {
  try {
    const result = listener({ ...event, time: now() / 1000 } as unknown as E) as
      | Partial<PromiseLike<unknown>>
      | null
      | undefined;
    if (typeof result?.then === "function") result.then(undefined, failed);
  } catch (thrown) {
    failed(thrown);
  }
}

function failed(thrown: unknown): void {
  if (isLogged) return;
  isLogged = true;
  // Its name alone: what it says may hold what the event was about.
  console.error(`arcgate: onEvent failed: ${nameOf(thrown)} (told once)`);
}

function nameOf(thrown: unknown): string {
  try {
    return String((thrown as { name?: unknown } | null | undefined)?.name ?? typeof thrown);
  } catch {
    return typeof thrown;
  }
}
