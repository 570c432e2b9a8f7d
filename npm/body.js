// Bodies of requests and answers, read whole and no further than a limit.

/**
 * All bytes of a reader, or undefined as soon as there are more than `limit`, or `take(bytes)` says no. Ends early where `signal`
 * is aborted.
 */
export async function readAll(reader, limit, signal, take = () => true) {
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal?.aborted) break;
    length += value.length;
    if (length > limit || !take(value.length)) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
