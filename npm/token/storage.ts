// Where tokens are kept between two loads of a page, or between two isolates.

import { configError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import { read, remove, write } from "../platform/indexed-db.js";
import type { StoredTokens, TokenEvent, TokenStorage } from "./types.js";

const SESSION_KEY = "arcgate.tokens";

/** The storage that an option names; `undefined` for memory. `name` tells clients of one origin apart. */
export function storageOf(option: unknown, name: string): TokenStorage | undefined {
  if (option === undefined || option === "memory") return undefined;
  if (option === "session") return sessionStorageOf(`${SESSION_KEY}:${name}`);
  if (option === "encrypted") return encryptedStorageOf(name);
  if (option !== null && typeof option === "object") {
    const given = option as Record<string, unknown>;
    const missing = ["get", "put", "delete"].find((method) => typeof given[method] !== "function");
    if (missing) throw configError("storage", `has no function \`${missing}\`: a storage has get, put and delete`);
    return option as TokenStorage;
  }
  throw configError("storage", 'must be "memory", "session", "encrypted", or an object with get, put and delete');
}

function sessionStorageOf(key: string): TokenStorage {
  if (typeof globalThis.sessionStorage !== "object")
    throw configError("storage", '"session" needs a page: there is no sessionStorage here');
  return {
    async get() {
      const text = sessionStorage.getItem(key);
      return text === null ? undefined : JSON.parse(text);
    },
    async put(tokens: StoredTokens) {
      sessionStorage.setItem(key, JSON.stringify(tokens));
    },
    async delete() {
      sessionStorage.removeItem(key);
    },
  };
}

// What is in the store: a key, and what it has sealed.
interface Sealed {
  key: CryptoKey;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

const sealedOf = (name: string) => read("tokens", name) as Promise<Sealed | undefined>;

// All tabs of the origin share it. The key can be used by scripts of the origin, and taken away by none; it goes with the
// tokens that it sealed.
function encryptedStorageOf(name: string): TokenStorage {
  if (!globalThis.indexedDB || !globalThis.crypto?.subtle) {
    throw configError(
      "storage",
      '"encrypted" needs a page on https or localhost: there is no IndexedDB or no WebCrypto here',
    );
  }
  const algorithm = (iv: Uint8Array<ArrayBuffer>) => ({
    name: "AES-GCM",
    iv,
    additionalData: new TextEncoder().encode(name),
  });
  return {
    async get() {
      const record = await sealedOf(name);
      if (!record) return undefined;
      const text = await crypto.subtle.decrypt(algorithm(record.iv), record.key, record.sealed);
      return JSON.parse(new TextDecoder().decode(text));
    },
    async put(tokens: StoredTokens) {
      const key =
        (await sealedOf(name))?.key ??
        (await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]));
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const sealed = await crypto.subtle.encrypt(algorithm(iv), key, new TextEncoder().encode(JSON.stringify(tokens)));
      await write("tokens", name, { key, iv, sealed });
    },
    async delete() {
      await remove("tokens", name);
    },
  };
}

/** What a storage holds, as JSON; first it is learnt whether somebody has signed out since. Of one that fails, or is slow, nothing. */
export async function stillThere(
  limitMs: number,
  storage: TokenStorage | undefined,
  tabs: { look(): Promise<void> } | undefined,
): Promise<string | undefined> {
  const read = async () => {
    await tabs?.look();
    return JSON.stringify((await storage?.get()) ?? undefined);
  };
  return storage && within(limitMs, read()).catch(() => undefined);
}

let hasWarned = false;

/** A line in the log, once, where nobody hears of it otherwise: without it all goes on, with a new token each time. */
export function warnOfStorage({ type }: TokenEvent): void {
  if (hasWarned || type !== "not_stored") return;
  hasWarned = true;
  console.warn("arcgate: TokenManager: the storage failed, so that tokens are in memory only (`onEvent`: not_stored)");
}

/** Writes to a storage: one after the other, so that the last one to begin is the last one to be there. */
export class WriteQueue {
  #last = Promise.resolve<boolean | undefined>(true);

  /** Performs a write after those before it. Gives whether it was done in this time. */
  add(limitMs: number, work: () => unknown): Promise<boolean> {
    const done = within(limitMs, this.#last)
      .catch(() => {})
      .then(work)
      .then(
        () => true,
        () => false,
      );
    const written = within(limitMs, done, false);
    this.#last = written;
    return written;
  }
}
