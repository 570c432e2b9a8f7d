// Fetching what providers publish, keys and metadata: bounded in time and size, without redirects, past the HTTP cache. And
// bodies of requests and answers, read whole and no further than a limit.

import { MAX_DOCUMENT } from "../verify/numbers.js";
import { ownName } from "../version.js";
import { within } from "./cancellation.js";

// A server may refuse whoever doesn't name the type that it gives (Kubernetes' keys: 406). Most give plain JSON.
const accept = "application/json, application/jwk-set+json;q=0.9, */*;q=0.1";

/** A `fetch` of the user's, or the platform's. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a provider answered: status, what the header says of time, and the body. */
export interface Document {
  status: number;
  cacheControl: string | undefined;
  age: string | undefined;
  retryAfter: string | undefined;
  date: string | undefined;
  body: Uint8Array<ArrayBuffer>;
}

let cacheOption: RequestInit | undefined;

/**
 * The part of a request's init that keeps the platform's own HTTP cache out of it. That stands below ours, and would hand out
 * keys from before a rotation for as long as `Cache-Control` lets it. Workers refuse the option by a TypeError where their
 * compatibility date is before it; there is no such cache then.
 */
export function pastHttpCache(): RequestInit {
  if (cacheOption === undefined) {
    try {
      const init: RequestInit = { cache: "no-store" };
      new Request("https://cache.invalid/", init);
      cacheOption = init;
    } catch {
      cacheOption = {};
    }
  }
  return cacheOption;
}

/**
 * GETs a document. Gives status, the headers that count, and the body; throws a string that says why there is none:
 * "timeout", "too_large", "redirect" or "network".
 */
export async function getDocument(fetch: Fetch, url: string, timeoutMs: number): Promise<Document> {
  // A `fetch` of the user's may not look at the signal: then nobody waits for it any longer either.
  const document = await within(timeoutMs, readDocument(fetch, url, AbortSignal.timeout(timeoutMs)), undefined);
  if (document === undefined) throw "timeout";
  return document;
}

async function readDocument(fetch: Fetch, url: string, signal: AbortSignal): Promise<Document> {
  try {
    // "manual" is the one that every runtime knows. A browser answers a redirect with status 0 then.
    const init: RequestInit = { redirect: "manual", signal, headers: { accept, ...ownName }, ...pastHttpCache() };
    const response = await fetch(url, init);
    if (response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400)) throw "redirect";
    const header = (name: string) => response.headers.get(name) ?? undefined;
    // An error's body says nothing that counts here.
    if (!response.ok) response.body?.cancel().catch(() => {});
    return {
      status: response.status,
      cacheControl: header("cache-control"),
      age: header("age"),
      retryAfter: header("retry-after"),
      date: header("date"),
      body: response.ok ? await readBody(response) : new Uint8Array(0),
    };
  } catch (thrown) {
    if (typeof thrown === "string") throw thrown;
    throw signal.aborted ? "timeout" : "network";
  }
}

/** The body, unless it is longer than is read: then it throws "too_large". */
export async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  if (Number(response.headers.get("content-length")) > MAX_DOCUMENT) throw "too_large";
  if (!response.body) return new Uint8Array(0);
  const bytes = await readAll(response.body.getReader(), MAX_DOCUMENT);
  if (bytes === undefined) throw "too_large";
  return bytes;
}

/** So many bytes have room at first. */
const FIRST = 1024;

/** What is needed of a stream's reader. */
export interface ByteReader {
  read(): Promise<ReadableStreamReadResult<Uint8Array<ArrayBufferLike>>>;
  cancel(): Promise<void>;
}

/**
 * All bytes of a reader, or undefined as soon as there are more than `limit`, or `take(bytes)` says no to a piece. Ends early
 * where the work for it has ended.
 */
export async function readAll(
  reader: ByteReader,
  limit: number,
  work?: { readonly isEnded: boolean },
  take: (length: number) => boolean = () => true,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const gathered = new Gathered(limit);
  for (;;) {
    const { done, value } = await reader.read();
    if (done || work?.isEnded) return gathered.bytes();
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
