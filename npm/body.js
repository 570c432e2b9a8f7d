// Bodies of requests and answers, read whole and no further than a limit.

/** What a body begins with that doesn't say how long it is. */
const FIRST = 16 * 1024;

/**
 * All bytes of a reader, or undefined as soon as there are more than `limit`, or `take(bytes)` says no to a piece. Ends early
 * where `signal` is aborted. Each piece is copied and let go: a platform may keep some KB behind each, and a body can come in
 * pieces of one byte.
 */
export async function readAll(reader, limit, signal, take = () => true) {
  let bytes = new Uint8Array(Math.min(FIRST, limit));
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal?.aborted) break;
    if (length + value.length > limit || !take(value.length)) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    bytes = withRoom(bytes, length, length + value.length, limit);
    bytes.set(value, length);
    length += value.length;
  }
  return bytes.subarray(0, length);
}

// The same bytes with room for `needed`: twice as much as before, and no more than there may ever be.
function withRoom(bytes, length, needed, limit) {
  if (needed <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.min(Math.max(needed, bytes.length * 2), limit));
  larger.set(bytes.subarray(0, length));
  return larger;
}
