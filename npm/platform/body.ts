// @ts-nocheck
// Bodies of requests and answers, read whole and no further than a limit.

/** So many bytes have room at first. */
const FIRST = 1024;

/**
 * All bytes of a reader, or undefined as soon as there are more than `limit`, or `take(bytes)` says no to a piece. Ends early
 * where `signal` is aborted.
 */
export async function readAll(reader, limit, signal, take = () => true) {
  const gathered = new Gathered(limit);
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal?.aborted) return gathered.bytes();
    if (gathered.length + value.length > limit || !take(value.length)) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    gathered.push(value);
  }
}

/**
 * Bytes that come in pieces. Each piece is copied and let go: a platform may keep some KB behind each, and what comes can come in
 * pieces of one byte.
 */
export class Gathered {
  #room;
  #most;
  /** So many there are. */
  length = 0;

  /** There will be `most` at most. */
  constructor(most) {
    this.#most = most;
    this.#room = new Uint8Array(Math.min(FIRST, most));
  }

  push(bytes) {
    const needed = this.length + bytes.length;
    if (needed > this.#room.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(this.#room.length * 2, this.#most)));
      larger.set(this.bytes());
      this.#room = larger;
    }
    this.#room.set(bytes, this.length);
    this.length = needed;
  }

  /** All of them; they share their memory with this. */
  bytes() {
    return this.#room.subarray(0, this.length);
  }
}
