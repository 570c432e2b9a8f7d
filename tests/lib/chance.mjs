// Chance that can be had again: a seed gives the same numbers each time.

import { randomInt } from "node:crypto";

/** The seed of ARCGATE_SEED, or any. */
export function seed() {
  return process.env.ARCGATE_SEED ? Number(process.env.ARCGATE_SEED) : randomInt(2 ** 31);
}

/** Numbers from a seed, by mulberry32. */
export function chance(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    /** A whole number from `from` to `to`, both included. */
    between: (from, to) => from + Math.floor(next() * (to - from + 1)),
    /** True so often. */
    once: (share) => next() < share,
    /** One of a list. */
    oneOf: (list) => list[Math.floor(next() * list.length)],
  };
}
