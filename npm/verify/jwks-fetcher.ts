// The providers' keys: fetched when the core asks for it, kept in the user's second tier, and held as CryptoKeys.

import { orAborted, type Timer, within } from "../platform/cancellation.js";
import type { Untimed } from "../platform/events.js";
import { type Fetch, getDocument } from "../platform/fetch.js";
import { recoverFrom } from "../platform/modules/verify.js";
import type { VerifierCore } from "../wasm/verify.js";
import { ALGORITHMS, algorithmOf, type Place, type Registers } from "./memory.js";
import { ALGORITHM_BITS, NO_REFRESH } from "./numbers.js";
import type { JwksSnapshot, JwksStore } from "./provider-types.js";
import type { AuditEvent, JwtVerifierOptions } from "./types.js";
import type { Waiting } from "./ways.js";
import { importKey } from "./webcrypto.js";

/** What the verifier gives: its clock, what takes keys from the second tier, and who hears of a fetch. */
interface Hooks {
  now: () => number;
  importKeys(snapshots: JwksSnapshot[]): void;
  /** Whether a core is still the verifier's. */
  isCurrent(core: VerifierCore): boolean;
  emit: ((event: Untimed<AuditEvent>) => void) | undefined;
}

/** The keys of one verifier. */
export class JwksFetcher {
  /** Whether the second tier has been asked, or there is none. */
  isHydrated: boolean;
  #store: JwksStore | undefined;
  #issuers: string[];
  #fetch: Fetch;
  #timeoutMs: number;
  #hooks: Hooks;
  #core!: VerifierCore;
  // A key that the core has a handle of is here.
  #keys = new Map<number, CryptoKey>();
  #fetches = new Map<string, Promise<void>>();
  #snapshot = "[]";
  #hydration: Promise<unknown> | undefined;

  constructor(options: JwtVerifierOptions, hooks: Hooks) {
    this.#store = options.jwksCache?.store;
    this.isHydrated = !this.#store;
    this.#issuers = Object.values(options.providers ?? {}).map(({ issuer }) => issuer);
    this.#fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.#timeoutMs = options.jwksCache?.timeoutMs ?? 5000;
    this.#hooks = hooks;
  }

  /** Takes a new core, which is told the last known keys. */
  attach(core: VerifierCore): void {
    this.#core = core;
    this.#keys.clear();
    this.#fetches.clear();
    if (this.#snapshot !== "[]") core.handleSnapshots(this.#snapshot, this.#hooks.now());
  }

  /** The CryptoKey of a handle. */
  get(handle: number): CryptoKey {
    return this.#keys.get(handle) as CryptoKey;
  }

  /** Hands a key to WebCrypto. */
  async import(core: VerifierCore, handle: number): Promise<void> {
    let key: CryptoKey | undefined;
    try {
      key = await importKey(algorithmOf(handle), core.jwk(handle), core.secret(handle));
    } catch {
      // A point that is not on its curve, say: the core won't use this key again.
    }
    if (!this.#hooks.isCurrent(core)) return;
    if (key) this.#keys.set(handle, key);
    core.handleImported(handle, key !== undefined);
  }

  /** Begins the fetch of fresh keys that the core asks for beside something else, at this place of its registers, if it does. */
  refresh(registers: Registers, place: Place, waiting: Waiting): void {
    const provider = registers[place];
    if (provider !== NO_REFRESH) this.startFetch(provider, registers[place + 1] as number, waiting);
  }

  /** Begins a fetch that the core asked for. It belongs to this request and goes on when its caller gives up waiting. */
  startFetch(provider: number, fetch: number, { waitUntil }: Waiting): Promise<void> {
    const id = `${provider}:${fetch}`;
    const running = this.#runFetch(provider, fetch).finally(() => this.#fetches.delete(id));
    this.#fetches.set(id, running);
    waitUntil?.(running);
    return running;
  }

  async #runFetch(provider: number, fetch: number): Promise<void> {
    const core = this.#core;
    const alive = () => this.#hooks.isCurrent(core);
    for (let url = core.request(provider, fetch); url !== undefined; url = core.request(provider, fetch)) {
      let more = false;
      try {
        const { status, body, ...said } = await getDocument(this.#fetch, url, this.#timeoutMs);
        if (!alive()) return;
        const { cacheControl, age, retryAfter, date } = said;
        more = core.handleResponse(
          provider,
          fetch,
          status,
          cacheControl,
          age,
          retryAfter,
          date,
          body,
          this.#hooks.now(),
        );
      } catch (why) {
        if (!alive() || recoverFrom(why)) return;
        more = core.handleFailure(provider, fetch, typeof why === "string" ? why : "network", this.#hooks.now());
      }
      if (!more) break;
    }
    this.changed();
    this.#hooks.emit?.({ type: "keys.fetched", provider: core.providerName(provider) ?? "" });
  }

  /**
   * Waits for somebody else's fetch. On an edge runtime its request may have been cancelled: then the promise never settles,
   * or, in newer ones, throws when it is waited for. That tells the core that somebody else may take over.
   */
  async waitFor(provider: number, fetch: number, boundMs: number): Promise<void> {
    const core = this.#core;
    const id = `${provider}:${fetch}`;
    try {
      await within(boundMs, this.#fetches.get(id) ?? new Promise(() => {}));
    } catch {
      this.#fetches.delete(id);
      if (this.#hooks.isCurrent(core)) core.handleFailure(provider, fetch, "abandoned", this.#hooks.now());
    }
  }

  /** The core may have other keys than before. */
  changed(): void {
    for (const id of this.#core.retired()) {
      for (let algorithm = 0; algorithm < ALGORITHMS; algorithm += 1)
        this.#keys.delete((id << ALGORITHM_BITS) | algorithm);
    }
    const snapshot = this.#core.snapshots();
    if (snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    const store = this.#store;
    if (!store) return;
    for (const keys of JSON.parse(snapshot) as JwksSnapshot[]) {
      // The second tier is a convenience: what it does wrong harms nobody here.
      Promise.resolve()
        .then(() => store.put(keys.issuer, keys))
        .catch(() => {});
    }
  }

  /** Asks the second tier: once, before the first token; with a bound, like every promise of another request. */
  async hydrate(signal: AbortSignal | undefined): Promise<void> {
    this.#hydration ??= this.#readStore();
    let timer: Timer | undefined;
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

  #readStore(): Promise<unknown> {
    return Promise.all(
      this.#issuers.map(async (issuer) => {
        const snapshot = await this.#store?.get(issuer);
        if (snapshot) this.#hooks.importKeys([snapshot]);
      }),
    ).catch(() => {});
  }
}
