// @ts-nocheck
// A stream of server-sent events, cut into pieces that each end where an event ends: what is put behind one is never taken
// for a part of another.

import { Gathered } from "../../platform/body.js";

const CR = 13;
const LF = 10;

/** Takes bytes and gives back those up to the end of the last whole event; the rest waits, up to `limit` bytes. */
export class EventSplitter {
  #limit;
  #waiting;
  #isLineStart = true;
  #isAfterCr = false;

  constructor(limit) {
    this.#limit = limit;
  }

  /** The bytes of whole events; undefined when there is none yet. */
  push(bytes) {
    let end = 0;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index];
      // The second half of a line's end that has been seen.
      const isSecond = byte === LF && this.#isAfterCr;
      this.#isAfterCr = byte === CR;
      if (isSecond) {
        if (end === index && end > 0) end += 1;
      } else if (byte === CR || byte === LF) {
        if (this.#isLineStart) end = index + 1;
        this.#isLineStart = true;
      } else this.#isLineStart = false;
    }
    const whole = end === 0 ? undefined : this.#joined(bytes.subarray(0, end));
    if (end < bytes.length) {
      this.#waiting ??= new Gathered(this.#limit);
      this.#waiting.push(bytes.subarray(end));
    }
    return whole;
  }

  /** Throws a RangeError when the event that waits for its end is too long. */
  check() {
    if (this.#waiting?.length > this.#limit) throw new RangeError("an event is too long");
  }

  // What has waited, and these bytes behind it.
  #joined(bytes) {
    const waiting = this.#waiting;
    if (waiting === undefined) return bytes;
    this.#waiting = undefined;
    waiting.push(bytes);
    return waiting.bytes();
  }
}
