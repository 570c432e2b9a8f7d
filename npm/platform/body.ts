// Bodies of requests and answers, read whole and no further than a limit.

/** So many bytes have room at first. */
const FIRST = 1024;

/** What is needed of a stream's reader. */
export type ByteReader = ReadableStreamDefaultReader<Uint8Array<ArrayBufferLike>>;

/**
 * All bytes of a reader, or undefined as soon as there are more than `limit`, or `take(bytes)` says no to a piece. Ends early
 * where `signal` is aborted.
 */
export async function readAll(
  reader: ByteReader,
  limit: number,
  signal?: AbortSignal,
  take: (length: number) => boolean = () => true,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
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
  #room: Uint8Array<ArrayBuffer>;
  #most: number;
  /** So many there are. */
  length = 0;

  /** There will be `most` at most. */
  constructor(most: number) {
    this.#most = most;
    this.#room = new Uint8Array(Math.min(FIRST, most));
  }

  push(bytes: Uint8Array): void {
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
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#room.subarray(0, this.length);
  }
}
