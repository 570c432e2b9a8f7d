// The body of a request or an answer, read whole: piece by piece, or a short one at once.

import { type ByteReader, readAll } from "./fetch.js";

/** What is needed of a request or an answer. */
export interface Message {
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A body up to this length may be read at once: a stream's reader has as much room for each piece. */
const AT_ONCE = 4096;

/** A body that is to be read. */
export class MessageBody {
  #message: Message;
  #reader: ByteReader | undefined;

  /** `announced` is what the message's Content-Length says; 0 where it says nothing. */
  constructor(message: Message, announced: number) {
    this.#message = message;
    const isShort = announced > 0 && announced <= AT_ONCE && isFramed(message);
    if (!isShort) this.#reader = (message.body ?? new Blob([]).stream()).getReader();
  }

  /** All bytes, or undefined where there are more than `limit`, or `take` says no to some of them: as `readAll`. */
  async whole(
    limit: number,
    work: { readonly isEnded: boolean },
    take: (length: number) => boolean = () => true,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#reader) return readAll(this.#reader, limit, work, take);
    const bytes = new Uint8Array(await this.#message.arrayBuffer());
    return bytes.length <= limit && take(bytes.length) ? bytes : undefined;
  }

  /** Gives it up. One that is read at once ends with its request, and nobody waits for it. */
  cancel(): void {
    this.#reader?.cancel().catch(() => {});
  }
}

// Whether no more can come than is announced. Workers' messages come out of a connection, on which that is where they end, unless
// what comes is unpacked; elsewhere anybody may make a Request that says anything of itself. And there a stream costs more than all
// else that is done with a short body.
function isFramed({ headers }: Message): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers" && headers.get("content-encoding") === null;
}
