// The events of a stream of bytes.

import { toArcgateError } from "../../errors.js";
import { broken } from "../../platform/peer-errors.js";
import { bindings, type Core, instanceEpoch, recoverFrom } from "../../platform/wasm.js";

// How much goes into the core's memory at once: it grows to hold it, and never shrinks.
const PIECE = 64 * 1024;

/** An event's name and its data. */
export type NamedData = [name: string, data: string];

/** The core's reader, fed in pieces. It belongs to one instance of the module, and ends with it. */
export class EventReader {
  #core: InstanceType<Core["EventReader"]>;
  #epoch = instanceEpoch();
  #bytes: Uint8Array = new Uint8Array(0);

  /** With these bounds, in bytes: of one event, and of the whole stream. */
  constructor({ event, stream }: { event: number; stream: number }) {
    this.#core = this.#try(() => new bindings.EventReader(event, stream));
  }

  /** Takes the next bytes. */
  take(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.push();
  }

  /** Hands on the next part of what was taken; false when nothing is left of it. */
  push(): boolean {
    if (this.#bytes.length === 0) return false;
    const part = this.#bytes.subarray(0, PIECE);
    this.#bytes = this.#bytes.subarray(PIECE);
    this.#try(() => this.#core.push(part));
    return true;
  }

  /** The next complete event. */
  next(): NamedData | undefined {
    return parted(this.#try(() => this.#core.nextEvent()));
  }

  /** The event that the end of the stream completes, if it does. */
  finish(): NamedData | undefined {
    return parted(this.#try(() => this.#core.finish()));
  }

  /** Gives its memory back. */
  free(): void {
    if (this.#epoch === instanceEpoch()) this.#core.free();
  }

  #try<T>(work: () => T): T {
    if (this.#epoch !== instanceEpoch()) throw toArcgateError(new Error("the module was replaced"));
    try {
      return work();
    } catch (thrown) {
      recoverFrom(thrown);
      const error = toArcgateError(thrown);
      throw error.code === "ERR_PROTOCOL" ? broken(error.message, error.details) : error;
    }
  }
}

// The core gives an event as its name, a line feed, its data.
function parted(text: string | undefined): NamedData | undefined {
  if (text === undefined) return undefined;
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}
