// JwtVerifier: the loop that drives the core's verifier over WebCrypto and fetch. The core decides; this carries.

import { ArcgateError, configError, errorFromJson, toArcgateError } from "./errors.js";
import { getDocument } from "./fetch.js";
import { checkSignature, importKey } from "./subtle.js";
import { aborted, orAborted } from "./wait.js";
import { bindings, instanceEpoch, memory, ready, recoverFrom } from "./wasm.js";

// What the core's begin and finish return; src/js/verifier.rs has the same numbers.
const REFUSED = 0;
const VERIFIED = 1;
const CHECK = 2;
const FETCH = 3;
const WAIT = 4;
const IMPORT = 5;

const MAX_TOKEN = 16 * 1024;
const NO_REFRESH = 0xffffffff;
const NONE = 0xffffffff;
// Fetch, import, check, and one more round for each: a token that needs more is not making progress.
const MAX_ROUNDS = 12;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const functions = ["checkClaims", "isRevoked", "fetch", "now", "onEvent"];

/** Verifies JWTs of the configured providers. */
export class JwtVerifier {
  #options;
  #given;
  #tolerance;
  #now;
  #fetch;
  #timeoutMs;
  #core;
  #epoch;
  #providers;
  #input;
  #signatureAt;
  #bytes;
  #registers;
  #room;
  #signature;
  #lastHeader = { text: "", value: {} };
  #keys = new Map();
  #fetches = new Map();
  #snapshot = "[]";
  #hydration;
  #warned = new Set();

  /** Makes a verifier. Does no I/O: discovery and keys are fetched at first use. */
  static async create(options) {
    await ready();
    return new JwtVerifier(options);
  }

  constructor(options) {
    if (options === null || typeof options !== "object")
      throw configError("options", "must be an object with `providers`");
    for (const name of functions) {
      if (options[name] !== undefined && typeof options[name] !== "function")
        throw configError(name, "must be a function");
    }
    this.#options = options;
    const { plain, secrets, lengths } = plainOptions(options);
    const json = asJson(plain);
    this.#given = [json, secrets, lengths];
    this.#tolerance = plain.clockToleranceSec ?? 30;
    // As the core reads them.
    this.#providers = Object.entries(JSON.parse(json).providers ?? {}).map(([name, { issuer }]) => ({
      name,
      issuer,
      prefix: "",
    }));
    this.#now = options.now ? clock(options.now) : Date.now;
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
    this.#timeoutMs = options.jwksCache?.timeoutMs ?? 5000;
    if (!options.jwksCache?.store) this.#hydration = null;
    this.#attach();
  }

  /** Whether a token that was accepted may be refused later, and is worth asking about again. */
  get asksRevocation() {
    return this.#options.isRevoked !== undefined;
  }

  /** How far clocks may be apart: streams end that long after their token. */
  get clockToleranceSec() {
    return this.#tolerance;
  }

  /** Verifies a token: its signature, its claims, and whatever the options ask for beyond them. */
  verify(token, options) {
    return this.#verify(token, options, true);
  }

  async #verify(token, options, wantsClaims) {
    const arrived = this.#now();
    try {
      if (typeof token !== "string") throw notAString(token);
      if (this.#hydration !== null) await this.#hydrate(options?.signal);
      // One crossing into the core before WebCrypto, one after it. Everything between two awaits belongs together: the core
      // has one place for a token, its signature and its result.
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        if (options?.signal?.aborted) throw aborted(options.signal);
        if (this.#epoch !== instanceEpoch()) this.#attach();
        const core = this.#core;
        // The clock and the fetch are the user's functions, and may call back into this verifier: neither runs while the
        // core's one place is in use.
        const now = round === 0 ? arrived : this.#now();
        let step = core.begin(this.#write(token), arrived, now);
        let registers = this.#view();
        if (step === CHECK) {
          const check = registers[0];
          const handle = registers[1];
          const signed = this.#bytes.subarray(this.#input, this.#input + registers[3]);
          const answer = checkSignature(handle & 15, this.#keys.get(handle), this.#signatureOf(registers[2]), signed);
          if (registers[4] !== NO_REFRESH) this.#startFetch(registers[4], registers[5], options?.waitUntil);
          const approved = await answer;
          if (core !== this.#core || this.#epoch !== instanceEpoch()) continue;
          step = core.finish(check, approved, this.#now());
          registers = this.#view();
        }
        if (step === VERIFIED) {
          const verified = this.#verified(registers, wantsClaims);
          if (options?.scopes?.length && core.requireScopes(options.scopes.join("\n")) === REFUSED)
            throw errorFromJson(core.error());
          const isLongLived = this.#options.onEvent !== undefined && core.isLongLived();
          if (this.#options.isRevoked) await this.#askRevoked(verified);
          if (this.#options.checkClaims) await this.#askUser(verified);
          if (this.#options.onEvent) this.#report(verified, isLongLived);
          return verified;
        }
        if (step === REFUSED) throw errorFromJson(core.error());
        if (step === FETCH)
          await orAborted(this.#startFetch(registers[0], registers[1], options?.waitUntil), options?.signal);
        else if (step === WAIT)
          await orAborted(this.#waitFor(registers[0], registers[1], registers[2]), options?.signal);
        else if (step === IMPORT) {
          const handle = registers[0];
          if (registers[1] !== NO_REFRESH) this.#startFetch(registers[1], registers[2], options?.waitUntil);
          await this.#import(core, handle);
        }
      }
      throw new ArcgateError("ERR_JWKS_UNAVAILABLE", "the provider's keys change faster than they can be used", {
        retryable: true,
        details: { fault: "provider", retryAfterSec: 5 },
      });
    } catch (thrown) {
      recoverFrom(thrown);
      const error = toArcgateError(thrown);
      if (this.#options.onEvent) this.#emit({ type: "token.refused", code: error.code, reason: error.message });
      throw error;
    }
  }

  /** The principal of a bearer token, for whoever takes a Verifier. */
  async authenticate(credentials, context) {
    if (credentials.scheme.toLowerCase() !== "bearer" || !credentials.token) return null;
    const options = { signal: context?.signal, waitUntil: context?.waitUntil };
    // The user's own checks look at the claims.
    const wantsClaims = this.#options.checkClaims !== undefined || this.#options.isRevoked !== undefined;
    const { principal } = await this.#verify(credentials.token, options, wantsClaims);
    return principal;
  }

  /** The providers' keys with their age, for a second tier or another isolate. */
  exportKeys() {
    return JSON.parse(this.#alive().exportKeys());
  }

  /** Takes keys over. They are checked again and keep their age. */
  importKeys(snapshots) {
    try {
      this.#alive().importKeys(JSON.stringify(snapshots ?? null), this.#now());
      this.#keysChanged();
    } catch (thrown) {
      recoverFrom(thrown);
      throw toArcgateError(thrown);
    }
  }

  // Puts the token into the core's memory and gives its length. What is too long is cut, and so refused.
  #write(token) {
    this.#view();
    const { read, written } = encoder.encodeInto(token, this.#room);
    return read < token.length ? MAX_TOKEN + 1 : written;
  }

  // The core's numbers. Views die when the memory grows, and making them costs more than looking whether it has.
  #view() {
    const bytes = memory();
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#registers = new Uint32Array(bytes.buffer, this.#core.registersPtr(), 12);
      this.#room = bytes.subarray(this.#input, this.#input + MAX_TOKEN + 1);
      this.#signature = bytes.subarray(this.#signatureAt, this.#signatureAt);
    }
    return this.#registers;
  }

  #signatureOf(length) {
    if (this.#signature.length !== length)
      this.#signature = this.#bytes.subarray(this.#signatureAt, this.#signatureAt + length);
    return this.#signature;
  }

  // What the core wrote down about a token, as the caller's own objects. Where the principal is all that is wanted, claims and
  // header are left where they are.
  #verified(registers, wantsClaims) {
    const headerAt = wantsClaims ? registers[5] : 0;
    const idAt = wantsClaims ? headerAt + registers[6] : 0;
    const scopesAt = idAt + registers[7];
    const listAt = scopesAt + registers[8];
    const labelsAt = listAt + registers[9];
    const keyAt = labelsAt + registers[10];
    const end = keyAt + registers[11];
    const start = registers[1] + registers[2] - end;
    const { name, issuer, prefix } = this.#providers[registers[0]];
    const expiresAt = (registers[3] * 4294967296 + registers[4]) / 1000;
    const bytes = this.#bytes.subarray(start, start + end);
    const text = decoder.decode(bytes);
    // Where not all is ASCII, places in the text are not places in memory.
    const isAscii = text.length === end;
    const id = isAscii ? text.slice(idAt, scopesAt) : decoder.decode(bytes.subarray(idAt, scopesAt));
    const scopesText = isAscii ? text.slice(scopesAt, listAt) : decoder.decode(bytes.subarray(scopesAt, listAt));
    let key = prefix + id;
    let labels = {};
    let scopes = scopesText === "" ? [] : scopesText.split("\n");
    if (end > listAt) {
      if (labelsAt > listAt) scopes = JSON.parse(decoder.decode(bytes.subarray(listAt, labelsAt)));
      if (keyAt > labelsAt) labels = JSON.parse(decoder.decode(bytes.subarray(labelsAt, keyAt)));
      if (end > keyAt) key = decoder.decode(bytes.subarray(keyAt, end));
    }
    const principal = { key, kind: "jwt", issuer, id, labels, scopes, expiresAt };
    if (!wantsClaims) return { provider: name, principal };
    const claims = JSON.parse(isAscii ? text.slice(0, headerAt) : decoder.decode(bytes.subarray(0, headerAt)));
    const header = this.#header(isAscii ? text.slice(headerAt, idAt) : decoder.decode(bytes.subarray(headerAt, idAt)));
    return { claims, header, provider: name, principal, scopes: scopes.slice(), expiresAt };
  }

  // One header is most often like the last one, and flat: then a copy of that is enough.
  #header(text) {
    if (text === this.#lastHeader.text) return { ...this.#lastHeader.value };
    const value = JSON.parse(text);
    if (Object.values(value).every((member) => typeof member === "string"))
      this.#lastHeader = { text, value: { ...value } };
    return value;
  }

  async #import(core, handle) {
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

  // Begins a fetch that the core asked for. It belongs to this request and goes on when its caller gives up waiting.
  #startFetch(provider, fetch, waitUntil) {
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
        const { status, cacheControl, age, retryAfter, body } = await getDocument(this.#fetch, url, this.#timeoutMs);
        if (!alive()) return;
        more = core.response(provider, fetch, status, cacheControl, age, retryAfter, body, this.#now());
      } catch (why) {
        if (!alive() || recoverFrom(why)) return;
        more = core.fetchFailed(provider, fetch, typeof why === "string" ? why : "network", this.#now());
      }
      if (!more) break;
    }
    this.#keysChanged();
    if (this.#options.onEvent) this.#emit({ type: "keys.fetched", provider: core.providerName(provider) });
  }

  // Somebody else's fetch. On an edge runtime its request may have been cancelled: then the promise never settles, or, in
  // newer ones, throws when it is waited for. That tells the core that somebody else may take over.
  async #waitFor(provider, fetch, boundMs) {
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

  #keysChanged() {
    for (const id of this.#core.retired()) {
      for (let algorithm = 0; algorithm < 16; algorithm += 1) this.#keys.delete((id << 4) | algorithm);
    }
    const snapshot = this.#core.exportKeys();
    if (snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    const store = this.#options.jwksCache?.store;
    if (!store) return;
    for (const keys of JSON.parse(snapshot)) {
      // The second tier is a convenience: what it does wrong harms nobody here.
      Promise.resolve()
        .then(() => store.put(keys.issuer, keys))
        .catch(() => {});
    }
  }

  // The second tier is asked once, before the first token; with a bound, like every promise of another request.
  async #hydrate(signal) {
    this.#hydration ??= this.#readStore();
    let timer;
    const bound = new Promise((resolve) => {
      timer = setTimeout(resolve, 1000);
    });
    try {
      await orAborted(Promise.race([this.#hydration, bound]), signal);
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      // As in #waitFor: the request that asked is gone, and its promise with it. This one asks itself.
      this.#hydration = this.#readStore();
      await orAborted(Promise.race([this.#hydration, bound]), signal);
    } finally {
      clearTimeout(timer);
    }
    this.#hydration = null;
  }

  #readStore() {
    const { store } = this.#options.jwksCache;
    return Promise.all(
      Object.values(this.#options.providers).map(async ({ issuer }) => {
        const snapshot = await store.get(issuer);
        if (snapshot) this.importKeys([snapshot]);
      }),
    ).catch(() => {});
  }

  async #askRevoked(verified) {
    let revoked;
    try {
      revoked = await this.#options.isRevoked(verified);
    } catch (cause) {
      throw new ArcgateError("ERR_VERIFIER_UNAVAILABLE", "whether the token is revoked could not be found out", {
        retryable: true,
        details: { fault: "configuration" },
        cause,
      });
    }
    if (revoked) throw new ArcgateError("ERR_TOKEN_REVOKED", "the token is revoked", { details: { fault: "caller" } });
  }

  async #askUser(verified) {
    try {
      await this.#options.checkClaims(verified);
    } catch (cause) {
      if (cause instanceof ArcgateError) throw cause;
      throw new ArcgateError("ERR_TOKEN_CLAIM", "the token was refused by `checkClaims`", {
        details: { fault: "caller" },
        cause,
      });
    }
  }

  #report({ provider, principal }, isLongLived) {
    this.#emit({ type: "token.accepted", provider, principal: principal.key });
    if (!isLongLived || this.#warned.has(provider)) return;
    this.#warned.add(provider);
    this.#emit({
      type: "token.long_lived",
      provider,
      reason: "the provider issues tokens that live for more than an hour",
    });
  }

  #emit(event) {
    try {
      this.#options.onEvent({ ...event, time: this.#now() / 1000 });
    } catch {
      // An event that nobody could take is no reason to refuse a token.
    }
  }

  // The core, made anew after a trap.
  #alive() {
    if (this.#epoch !== instanceEpoch()) this.#attach();
    return this.#core;
  }

  #attach() {
    try {
      this.#core = new bindings.VerifierCore(...this.#given);
      for (const [index, provider] of this.#providers.entries()) provider.prefix = this.#core.principalPrefix(index);
      this.#epoch = instanceEpoch();
      this.#keys.clear();
      this.#fetches.clear();
      this.#input = this.#core.inputPtr();
      this.#signatureAt = this.#core.signaturePtr();
      this.#bytes = undefined;
      if (this.#snapshot !== "[]") this.#core.importKeys(this.#snapshot, this.#now());
    } catch (thrown) {
      recoverFrom(thrown);
      throw toArcgateError(thrown);
    }
  }
}

// The options as plain data, for the core; functions stay here, and secrets go beside them.
function plainOptions(options) {
  const plain = {};
  const secrets = [];
  const lengths = [];
  for (const [key, value] of Object.entries(options)) {
    if (value !== undefined) plain[key] = functions.includes(key) ? true : value;
  }
  if (options.jwksCache?.store) plain.jwksCache = { ...options.jwksCache, store: true };
  if (options.providers !== null && typeof options.providers === "object") {
    plain.providers = {};
    for (const [name, provider] of Object.entries(options.providers)) {
      if (provider === null || typeof provider !== "object")
        throw configError(`providers.${name}`, "must be an object");
      const { secret, ...rest } = provider;
      if (secret !== undefined) {
        if (!(secret instanceof Uint8Array)) throw configError(`providers.${name}.secret`, "must be a Uint8Array");
        secrets.push(...secret);
      }
      lengths.push(secret === undefined ? NONE : secret.length);
      plain.providers[name] = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
    }
  }
  return { plain, secrets: Uint8Array.from(secrets), lengths: Uint32Array.from(lengths) };
}

// Options as JSON. What JSON would drop or change without a word is refused.
function asJson(plain) {
  try {
    return JSON.stringify(plain, (key, value) => {
      const isPlain =
        typeof value === "number" ? Number.isFinite(value) : !["bigint", "function", "symbol"].includes(typeof value);
      if (isPlain) return value;
      throw configError(key, "holds what is not plain data: a function, a symbol, a BigInt, or no finite number");
    });
  } catch (cause) {
    if (cause instanceof ArcgateError) throw cause;
    throw configError("options", "must be plain data, without cycles");
  }
}

// A clock that gives no number would make it 1970, when nothing had expired yet.
function clock(now) {
  return () => {
    const millis = now();
    if (!Number.isFinite(millis)) throw configError("now", "must give milliseconds since 1970, as Date.now does");
    return millis;
  };
}

function notAString(token) {
  const kind = token === null ? "null" : `a ${typeof token}`;
  return new ArcgateError("ERR_TOKEN_MALFORMED", `the token is ${kind}, not a string`, {
    details: { fault: "caller" },
  });
}
