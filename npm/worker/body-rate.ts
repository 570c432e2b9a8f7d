// @ts-nocheck
// What one principal's bodies cost, by the second: a body is read, checked and answered by everybody's one thread.

/** Principals that are remembered; the oldest is forgotten first. */
const MOST_PRINCIPALS = 10_000;
/** So many seconds' worth may come at once. */
const BURST_SEC = 4;
/** A piece costs its bytes, and to be read at all as much as these: a body may come a byte at a time. */
const PIECE_BYTES = 256;
/** The bytes that are checked in a millisecond, several times over: in between it is the others' turn. */
const CHECKED_PER_MS = 16_000;

/** A bucket for each principal that fills with what comes and leaks with time. One for an isolate. */
export class BodyRate {
  #bytesPerSec;
  #buckets = new Map();

  constructor(bytesPerSec) {
    this.#bytesPerSec = bytesPerSec;
  }

  /**
   * Counts a piece, or a whole body that is announced; whether it is within the rate. `longest` is what a body may have: two
   * always fit. What is refused is not counted: else nobody who tries again gets in.
   */
  takes(key, bytes, longest, now) {
    const bucket = this.#bucket(key, now);
    const level = bucket.level + bytes + PIECE_BYTES;
    if (level > this.#most(longest)) return false;
    bucket.level = level;
    // Those that were heard of last stand last: the first are forgotten.
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > MOST_PRINCIPALS) this.#buckets.delete(this.#buckets.keys().next().value);
    return true;
  }

  /** The milliseconds until a body of so many bytes is this principal's to have checked; its next one waits for this one. */
  turn(key, bytes, now) {
    const bucket = this.#bucket(key, now);
    const begins = Math.max(now, bucket.freeAt);
    bucket.freeAt = begins + bytes / CHECKED_PER_MS;
    return begins - now;
  }

  #most(longest) {
    return Math.max(this.#bytesPerSec * BURST_SEC, longest * 2);
  }

  // A clock that was set back leaks nothing.
  #bucket(key, now) {
    const bucket = this.#buckets.get(key) ?? { level: 0, at: now, freeAt: now };
    bucket.level = Math.max(0, bucket.level - (Math.max(0, now - bucket.at) / 1000) * this.#bytesPerSec);
    bucket.at = now;
    return bucket;
  }
}
