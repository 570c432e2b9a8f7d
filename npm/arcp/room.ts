// A place in the core's memory where a text is written before it is handed in: no memory is asked for, and nothing is copied twice.
// (src/js/room.rs is the other side of this.)

import { memory } from "../platform/modules/gate.js";

/** Whose place it is. */
interface RoomOwner {
  roomPtr(): number;
  roomLength(): number;
}

const encoder = new TextEncoder();

/** The place of one object of the core, and of the one that is there after a trap. */
export class Room {
  #owner: RoomOwner | undefined;
  #bytes = new Uint8Array(0);

  /** Writes a text. Gives its length in bytes; nothing where it is too long, and goes in by itself. */
  write(owner: RoomOwner, text: string): number | undefined {
    // A memory that grew has left what was seen of it without a byte.
    if (this.#owner !== owner || this.#bytes.length === 0) {
      this.#owner = owner;
      const at = owner.roomPtr();
      this.#bytes = memory().subarray(at, at + owner.roomLength());
    }
    // A character is a byte at least.
    if (text.length > this.#bytes.length) return undefined;
    const { read, written } = encoder.encodeInto(text, this.#bytes);
    return read === text.length ? written : undefined;
  }
}
