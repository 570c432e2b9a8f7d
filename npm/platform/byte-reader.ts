// Reading the bytes of a body: piece by piece, or a short one at once where the platform can.

/** What is needed of a stream's reader. */
export interface ByteReader {
  read(): Promise<ReadableStreamReadResult<Uint8Array<ArrayBufferLike>>>;
  cancel(): Promise<void>;
}

/** The reader of a body that says it is `announced` bytes long; 0 where it says nothing. */
export function bytesOf(body: ReadableStream<Uint8Array>, announced: number): ByteReader {
  return atOnce(body, announced) ?? body.getReader();
}

/** A body up to this length is read at once: a reader has as much room for each piece. */
const AT_ONCE = 4096;

/** Workers' readers wait, on request, until so many bytes are there or none come any more. */
type PatientReader = ReadableStreamBYOBReader & {
  readAtLeast?(
    least: number,
    room: Uint8Array<ArrayBuffer>,
  ): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>>;
};

// A reader whose first piece is the whole of a short body that says how long it is; what says less than comes is read on. Each
// piece is a turn of its own, and by far the most of what reading a short body costs. Undefined where the platform has none.
function atOnce(body: ReadableStream<Uint8Array>, announced: number): ByteReader | undefined {
  if (!(announced > 0 && announced <= AT_ONCE) || !canReadAtLeast()) return undefined;
  let reader: PatientReader;
  try {
    reader = body.getReader({ mode: "byob" });
  } catch {
    // One that a Worker has made out of something else.
    return undefined;
  }
  let isFirst = true;
  let isWhole = false;
  const read = async (): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> => {
    if (isWhole) return { done: true, value: undefined };
    const room = new Uint8Array(isFirst ? announced + 1 : AT_ONCE);
    isFirst = false;
    const step = await reader.readAtLeast?.(room.length, room);
    // Less than was asked for is all that there is.
    isWhole = step === undefined || step.done || step.value.length < room.length;
    return step ?? { done: true, value: undefined };
  };
  return { read, cancel: () => reader.cancel() };
}

function canReadAtLeast(): boolean {
  return "readAtLeast" in (globalThis.ReadableStreamBYOBReader?.prototype ?? {});
}
