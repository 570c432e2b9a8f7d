// @ts-nocheck
// The providers' keys: fetched when the core asks for it, kept in the user's second tier, and held as CryptoKeys.

import { orAborted } from "../platform/cancellation.js";
import { getDocument } from "../platform/fetch.js";
import { instanceEpoch, recoverFrom } from "../platform/wasm.js";
import { importKey } from "./webcrypto.js";

/** The keys of one verifier. */
export class ProviderKeys {
  /** Whether the second tier has been asked, or there is none. */
  isHydrated;
  #store;
  #issuers;
  #fetch;
  #timeoutMs;
  #now;
  #importKeys;
  #emit;
  #core;
  #epoch;
  #keys = new Map();
  #fetches = new Map();
  #snapshot = "[]";
  #hydration;

  /** For a verifier of these options; `emit` where somebody listens. */
  constructor(options, { now, importKeys, emit }) {
    this.#store = options.jwksCache?.store;
    this.isHydrated = !this.#store;
    this.#issuers = Object.values(options.providers ?? {}).map(({ issuer }) => issuer);
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
    this.#timeoutMs = options.jwksCache?.timeoutMs ?? 5000;
    this.#now = now;
    this.#importKeys = importKeys;
    this.#emit = emit;
  }

  /** Takes a new core, which is told the last known keys. */
  attach(core) {
    this.#core = core;
    this.#epoch = instanceEpoch();
    this.#keys.clear();
    this.#fetches.clear();
    if (this.#snapshot !== "[]") core.importKeys(this.#snapshot, this.#now());
  }

  /** The CryptoKey of a handle. */
  get(handle) {
    return this.#keys.get(handle);
  }

  /** Hands a key to WebCrypto. */
  async import(core, handle) {
    let key;
    try {
      key = await importKey(handle & 15, core.jwk(handle), core.secret(handle));
    } catch {
      // A point that is not on its curve, say: the core won't use this key again.
    }
    if (this.#epoch !== instanceEpoch()) return;
    if (key) this.#keys.set(handle, key);
    core.imported(handle, key !== undefined);
  }

  /** Begins a fetch that the core asked for. It belongs to this request and goes on when its caller gives up waiting. */
  startFetch(provider, fetch, waitUntil) {
    const id = `${provider}:${fetch}`;
    const running = this.#runFetch(provider, fetch).finally(() => this.#fetches.delete(id));
    this.#fetches.set(id, running);
    waitUntil?.(running);
    return running;
  }

  async #runFetch(provider, fetch) {
    const core = this.#core;
    const alive = () => core === this.#core && this.#epoch === instanceEpoch();
    for (let url = core.request(provider, fetch); url !== undefined; url = core.request(provider, fetch)) {
      let more = false;
      try {
        const { status, body, ...said } = await getDocument(this.#fetch, url, this.#timeoutMs);
        if (!alive()) return;
        const { cacheControl, age, retryAfter, date } = said;
        more = core.response(provider, fetch, status, cacheControl, age, retryAfter, date, body, this.#now());
      } catch (why) {
        if (!alive() || recoverFrom(why)) return;
        more = core.fetchFailed(provider, fetch, typeof why === "string" ? why : "network", this.#now());
      }
      if (!more) break;
    }
    this.changed();
    if (this.#emit) this.#emit({ type: "keys.fetched", provider: core.providerName(provider) });
  }

  /**
   * Waits for somebody else's fetch. On an edge runtime its request may have been cancelled: then the promise never settles,
   * or, in newer ones, throws when it is waited for. That tells the core that somebody else may take over.
   */
  async waitFor(provider, fetch, boundMs) {
    const core = this.#core;
    const id = `${provider}:${fetch}`;
    let timer;
    const bound = new Promise((resolve) => {
      timer = setTimeout(resolve, boundMs);
    });
    try {
      await Promise.race([this.#fetches.get(id) ?? bound, bound]);
    } catch {
      this.#fetches.delete(id);
      if (core === this.#core && this.#epoch === instanceEpoch())
        core.fetchFailed(provider, fetch, "abandoned", this.#now());
    } finally {
      clearTimeout(timer);
    }
  }

  /** The core may have other keys than before. */
  changed() {
    for (const id of this.#core.retired()) {
      for (let algorithm = 0; algorithm < 16; algorithm += 1) this.#keys.delete((id << 4) | algorithm);
    }
    const snapshot = this.#core.exportKeys();
    if (snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    const store = this.#store;
    if (!store) return;
    for (const keys of JSON.parse(snapshot)) {
      // The second tier is a convenience: what it does wrong harms nobody here.
      Promise.resolve()
        .then(() => store.put(keys.issuer, keys))
        .catch(() => {});
    }
  }

  /** Asks the second tier: once, before the first token; with a bound, like every promise of another request. */
  async hydrate(signal) {
    this.#hydration ??= this.#readStore();
    let timer;
    const bound = new Promise((resolve) => {
      timer = setTimeout(resolve, 1000);
    });
    try {
      await orAborted(Promise.race([this.#hydration, bound]), signal);
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      // As in waitFor: the request that asked is gone, and its promise with it. This one asks itself.
      this.#hydration = this.#readStore();
      await orAborted(Promise.race([this.#hydration, bound]), signal);
    } finally {
      clearTimeout(timer);
    }
    this.isHydrated = true;
  }

  #readStore() {
    return Promise.all(
      this.#issuers.map(async (issuer) => {
        const snapshot = await this.#store.get(issuer);
        if (snapshot) this.#importKeys([snapshot]);
      }),
    ).catch(() => {});
  }
}
