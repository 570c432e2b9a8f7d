// RFC 6455 §5: frames as bytes. The runner writes them itself, for no WebSocket library sends what breaks its rules.

/** Opcodes, RFC 6455 §5.2. */
export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** A frame to be sent. Masked and whole, unless it says otherwise. */
export interface OutgoingFrame {
  opcode: number;
  data: Uint8Array;
  fin?: boolean;
  masked?: boolean;
}

/** A frame that came. */
export interface IncomingFrame {
  fin: boolean;
  opcode: number;
  data: Uint8Array;
}

/** A frame's bytes. */
export function encodeFrame({ opcode, data, fin = true, masked = true }: OutgoingFrame): Uint8Array {
  const size = data.length;
  const extended = size < 126 ? 0 : size < 65_536 ? 2 : 8;
  const head = 2 + extended + (masked ? 4 : 0);
  const bytes = new Uint8Array(head + size);
  const view = new DataView(bytes.buffer);
  bytes[0] = (fin ? 0x80 : 0) | opcode;
  bytes[1] = (masked ? 0x80 : 0) | (extended === 0 ? size : extended === 2 ? 126 : 127);
  if (extended === 2) view.setUint16(2, size);
  if (extended === 8) view.setBigUint64(2, BigInt(size));
  bytes.set(data, head);
  if (!masked) return bytes;
  const mask = crypto.getRandomValues(new Uint8Array(4));
  bytes.set(mask, head - 4);
  for (let i = 0; i < size; i += 1) bytes[head + i]! ^= mask[i & 3]!;
  return bytes;
}

/** Something that no peer may send. */
export class BadFrame extends Error {}

/** Takes a stream of bytes apart. */
export class FrameReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #parts: Uint8Array[] = [];
  #waiting = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The frames that these bytes complete. Throws `BadFrame`. */
  *read(more: Uint8Array): Generator<IncomingFrame> {
    this.#parts.push(more);
    this.#waiting += more.length;
    for (;;) {
      const frame = this.#next();
      if (!frame) return;
      yield frame;
    }
  }

  #next(): IncomingFrame | undefined {
    if (!this.#gather(2)) return undefined;
    const [first = 0, second = 0] = this.#bytes;
    if (first & 0x70) throw new BadFrame("a reserved bit is set, and no extension was agreed on");
    if (second & 0x80) throw new BadFrame("a frame from a server is masked (RFC 6455 §5.1)");
    let size = second & 0x7f;
    let head = 2;
    if (size > 125) {
      const extended = size === 126 ? 2 : 8;
      if (!this.#gather(2 + extended)) return undefined;
      const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
      size = extended === 2 ? view.getUint16(2) : Number(view.getBigUint64(2));
      head += extended;
    }
    if (size > this.#maxBytes) throw new BadFrame(`a frame of ${size} bytes`);
    if (!this.#gather(head + size)) return undefined;
    const data = this.#bytes.slice(head, head + size);
    this.#bytes = this.#bytes.subarray(head + size);
    return { fin: (first & 0x80) !== 0, opcode: first & 0x0f, data };
  }

  // Parts are put together once there is enough, so that a large frame isn't copied with each.
  #gather(size: number): boolean {
    if (this.#bytes.length >= size) return true;
    if (this.#bytes.length + this.#waiting < size) return false;
    const all = new Uint8Array(this.#bytes.length + this.#waiting);
    all.set(this.#bytes);
    let at = this.#bytes.length;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    this.#bytes = all;
    this.#parts = [];
    this.#waiting = 0;
    return true;
  }
}
