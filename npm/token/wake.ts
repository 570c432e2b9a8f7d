// When a manager looks at its deadlines by itself: at their time, and as soon as somebody may be looking again, after a sleep, a freeze
// or a time without network.

/** A Worker's timer belongs to the request that set it, and ends with it: there tokens are refreshed when they are used. */
export const hasTimers: boolean = globalThis.navigator?.userAgent !== "Cloudflare-Workers";

const isPage = typeof globalThis.document === "object";

/** Listens for that in a page, or no longer does. */
export function listen(how: "addEventListener" | "removeEventListener", onWake: (event?: Event) => void): void {
  if (!isPage) return;
  for (const name of ["online", "pagehide", "pageshow", "focus"]) globalThis[how](name, onWake);
  document[how]("visibilitychange", onWake);
}
