// The user's listeners: what they do wrong changes nothing, and is said once in the log.

// By who it was: each is told of once.
const logged = new Set<string>();

/** An event of a union, before anybody has said when. */
export type Untimed<E> = E extends unknown ? Omit<E, "time"> : never;

/** Hands an event to a listener, with the time by `now()` in milliseconds. One that throws, at once or later, harms nobody. */
export function notify<E extends { time: number }>(
  listener: (event: E) => unknown,
  event: Untimed<E>,
  now = Date.now,
): void {
  tell("onEvent", () => listener({ ...event, time: now() / 1000 } as unknown as E));
}

/** Calls somebody's function. One that throws, at once or later, harms nobody: it is said once in the log, by `who` it was. */
export function tell(who: string, work: () => unknown): void {
  try {
    const result = work() as Partial<PromiseLike<unknown>> | null | undefined;
    if (typeof result?.then === "function") result.then(undefined, (thrown) => failed(who, thrown));
  } catch (thrown) {
    failed(who, thrown);
  }
}

function failed(who: string, thrown: unknown): void {
  if (logged.has(who)) return;
  logged.add(who);
  // Its name alone: what it says may hold what the event was about.
  console.error(`arcgate: ${who} failed: ${nameOf(thrown)} (told once)`);
}

function nameOf(thrown: unknown): string {
  try {
    return String((thrown as { name?: unknown } | null | undefined)?.name ?? typeof thrown);
  } catch {
    return typeof thrown;
  }
}
