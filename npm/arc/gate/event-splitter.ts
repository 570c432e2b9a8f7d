// A stream of server-sent events, cut into pieces that each end where an event ends: what is put behind one is never taken
// for a part of another. The core says where; the bytes stay here, and the few bits that it has to know of those before: so a
// stream goes on when a trap replaces the module.

import { Gathered } from "../../platform/fetch.js";
import { call } from "../../platform/modules/gate.js";

// How much goes into the core's memory at once: it grows to hold it, and never shrinks.
const PIECE = 64 * 1024;

/** Takes bytes and gives back those up to the end of the last whole event; the rest waits, up to `limit` bytes. */
export class EventSplitter {
  #limit: number;
  #flags = 0;
  #waiting: Gathered | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The bytes of whole events; undefined when there is none yet. */
  push(bytes: Uint8Array): Uint8Array | undefined {
    let end = 0;
    for (let at = 0; at < bytes.length; at += PIECE) {
      const answer = call("splitEvents", this.#flags, bytes.subarray(at, at + PIECE));
      this.#flags = answer & 3;
      const own = answer >>> 2;
      if (own > 0) end = at + own;
    }
    const whole = end === 0 ? undefined : this.#joined(bytes.subarray(0, end));
    if (end < bytes.length) {
      this.#waiting ??= new Gathered(this.#limit);
      this.#waiting.push(bytes.subarray(end));
    }
    return whole;
  }

  /** Throws a RangeError when the event that waits for its end is too long. */
  check(): void {
    if ((this.#waiting?.length ?? 0) > this.#limit) throw new RangeError("an event is too long");
  }

  // What has waited, and these bytes behind it.
  #joined(bytes: Uint8Array): Uint8Array {
    const waiting = this.#waiting;
    if (waiting === undefined) return bytes;
    this.#waiting = undefined;
    waiting.push(bytes);
    return waiting.bytes();
  }
}
