// @ts-nocheck
// What one principal may have under way at a time: requests, bodies that are still coming, and bytes of bodies; and how fast its
// bodies may come. So nobody takes the places, the memory and the time of the others.

import { BodyRate } from "./body-rate.js";

/** Whoever has not been heard of for so long is gone: a platform may end a request without a word. */
const GONE_MS = 15_000;
const BEAT_MS = 5000;

/** The requests under way, by principal. One for an isolate. */
export class InFlight {
  #limits;
  #principals = new Map();
  #rate;

  /** `limits`: `maxRequestsPerPrincipal`, `maxBodiesPerPrincipal`, `maxBodyBytesPerPrincipal`, `maxBodyBytesPerSec`. */
  constructor(limits) {
    this.#limits = limits;
    this.#rate = new BodyRate(limits.maxBodyBytesPerSec);
  }

  /**
   * A place for a request whose body is still to come, `announced` bytes of `longest` that there may be:
   * `{ take, whole, turn, end }`; or `{ reason }` why there is none.
   */
  begin(key, { announced = 0, longest = 0 } = {}) {
    const all = this.#alive(key);
    const { maxRequestsPerPrincipal, maxBodiesPerPrincipal, maxBodyBytesPerPrincipal } = this.#limits;
    if (all.size >= maxRequestsPerPrincipal) return { reason: "too_many_requests" };
    if (sum(all, ({ isComing }) => (isComing ? 1 : 0)) >= maxBodiesPerPrincipal) return { reason: "too_many_bodies" };
    // Nothing of such a body is read.
    if (bytesOf(all) + announced > maxBodyBytesPerPrincipal) return { reason: "too_many_body_bytes" };
    if (!this.#rate.takes(key, announced, longest, Date.now())) return { reason: "bodies_too_fast" };
    const place = { seenAt: Date.now(), isComing: true, bytes: 0 };
    let paid = announced;
    const beat = setInterval(() => {
      place.seenAt = Date.now();
    }, BEAT_MS);
    all.add(place);
    this.#principals.set(key, all);
    return {
      /** Counts a piece of the body. Gives why it is too much beside the others'. */
      take: (bytes) => {
        const now = Date.now();
        place.seenAt = now;
        place.bytes += bytes;
        if (bytesOf(this.#alive(key)) > maxBodyBytesPerPrincipal) return "too_many_body_bytes";
        const unpaid = Math.max(0, bytes - paid);
        paid -= bytes - unpaid;
        return this.#rate.takes(key, unpaid, longest, now) ? undefined : "bodies_too_fast";
      },
      /** The milliseconds to wait until the body, now whole, is looked at. */
      turn: () => this.#rate.turn(key, place.bytes, Date.now()),
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
    const since = Date.now() - GONE_MS;
    for (const place of all) if (place.seenAt < since) all.delete(place);
    // Of who has nothing under way nothing stays: keys are as many as whoever is refused has.
    if (all.size === 0) this.#principals.delete(key);
    return all;
  }
}

const bytesOf = (places) => sum(places, ({ bytes }) => bytes);

function sum(places, of) {
  let total = 0;
  for (const place of places) total += of(place);
  return total;
}
