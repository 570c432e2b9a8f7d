// A result that came in pieces, put together.

/** The body of a `result_chunk`. The core has checked order, form and size. */
export interface Chunk {
  encoding: "utf8" | "base64";
  data: string;
}

/** What a piece holds, in an object of its own: whoever reads events may change them. */
export function chunkOf(body: object): Chunk {
  const { encoding, data } = body as Chunk;
  return { encoding, data };
}

/** A string, or bytes if any piece is binary. Throws when one is no base64. */
export function assembled(chunks: readonly Chunk[]): string | Uint8Array {
  if (chunks.every(({ encoding }) => encoding === "utf8")) return chunks.map(({ data }) => data).join("");
  const pieces = chunks.map(({ encoding, data }) =>
    encoding === "utf8" ? new TextEncoder().encode(data) : decode(data),
  );
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function decode(data: string): Uint8Array {
  const text = atob(data);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
