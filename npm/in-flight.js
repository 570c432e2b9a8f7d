// What one principal may have under way at a time: requests, bodies that are still coming, and bytes of bodies. So nobody takes
// the places and the memory of the others.

/** Whoever has not been heard of for so long is gone: a platform may end a request without a word. */
const GONE_MS = 15_000;
const BEAT_MS = 5000;

/** The requests under way, by principal. One for an isolate. */
export class InFlight {
  #limits;
  #principals = new Map();

  /** `limits`: `maxRequestsPerPrincipal`, `maxBodiesPerPrincipal`, `maxBodyBytesPerPrincipal`. */
  constructor(limits) {
    this.#limits = limits;
  }

  /** A place for a request whose body is still to come: `{ take, whole, end }`; or `{ reason }` why there is none. */
  begin(key) {
    const all = this.#alive(key);
    const { maxRequestsPerPrincipal, maxBodiesPerPrincipal, maxBodyBytesPerPrincipal } = this.#limits;
    if (all.size >= maxRequestsPerPrincipal) return { reason: "too_many_requests" };
    if (sum(all, ({ isComing }) => (isComing ? 1 : 0)) >= maxBodiesPerPrincipal) return { reason: "too_many_bodies" };
    const place = { seenAt: Date.now(), isComing: true, bytes: 0 };
    const beat = setInterval(() => {
      place.seenAt = Date.now();
    }, BEAT_MS);
    all.add(place);
    return {
      /** Counts bytes of the body: false where they are too many beside the others'. */
      take: (bytes) => {
        place.seenAt = Date.now();
        place.bytes += bytes;
        return sum(this.#alive(key), ({ bytes }) => bytes) <= maxBodyBytesPerPrincipal;
      },
      whole: () => {
        place.isComing = false;
      },
      end: () => {
        clearInterval(beat);
        all.delete(place);
        if (all.size === 0 && this.#principals.get(key) === all) this.#principals.delete(key);
      },
    };
  }

  #alive(key) {
    const all = this.#principals.get(key) ?? new Set();
    this.#principals.set(key, all);
    const since = Date.now() - GONE_MS;
    for (const place of all) if (place.seenAt < since) all.delete(place);
    return all;
  }
}

function sum(places, of) {
  let total = 0;
  for (const place of places) total += of(place);
  return total;
}
