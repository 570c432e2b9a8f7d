// A stream of server-sent events, cut into pieces that each end where an event ends: what is put behind one is never taken
// for a part of another. The core says where; the bytes stay here.

import type { EventSplitter as Core } from "../../core.js";
import { Gathered } from "../../platform/fetch.js";
import { bindings, guarded, MachineDriver } from "../../platform/wasm.js";

// How much goes into the core's memory at once: it grows to hold it, and never shrinks.
const PIECE = 64 * 1024;

/** Takes bytes and gives back those up to the end of the last whole event; the rest waits, up to `limit` bytes. */
export class EventSplitter {
  #limit: number;
  #driver: MachineDriver<Core>;
  #waiting: Gathered | undefined;

  constructor(limit: number) {
    this.#limit = limit;
    this.#driver = new MachineDriver({ make: () => new bindings.EventSplitter(limit) });
    void this.#driver.machine;
  }

  /** The bytes of whole events; undefined when there is none yet. */
  push(bytes: Uint8Array): Uint8Array | undefined {
    let end = 0;
    for (let at = 0; at < bytes.length; at += PIECE) {
      const own = this.#use((core) => core.push(bytes.subarray(at, at + PIECE)));
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
    if (this.#use((core) => core.isTooLong)) throw new RangeError("an event is too long");
  }

  /** Nothing more comes. */
  free(): void {
    this.#driver.end();
  }

  // It belongs to one instance of the module, and ends with it.
  #use<R>(work: (core: Core) => R): R {
    return guarded(() => work(this.#driver.survivor()));
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
