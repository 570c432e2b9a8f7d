// @ts-nocheck
// JwtVerifier: the loop that drives the core's verifier over WebCrypto and fetch. The core decides; this carries.

import { ArcgateError, configError, errorFromJson, toArcgateError } from "../errors.js";
import { aborted, orAborted } from "../platform/cancellation.js";
import { tell } from "../platform/events.js";
import { tellInsecureHosts } from "../platform/insecure-hosts.js";
import { dataJson } from "../platform/json.js";
import { callOptions, schemeOf } from "../platform/options.js";
import { bindings, instanceEpoch, memory, ready, recoverFrom } from "../platform/wasm.js";
import { ProviderKeys } from "./jwks-fetcher.js";
import { clock, coreOptions } from "./options.js";
import type { JwksSnapshot } from "./provider-types.js";
import type {
  Credentials,
  JwtVerifierOptions,
  Principal,
  VerifiedToken,
  Verifier,
  VerifierContext,
  VerifyOptions,
} from "./types.js";
import { checkSignature } from "./webcrypto.js";

// What the core's begin and finish return; src/js/verifier.rs has the same numbers.
const REFUSED = 0;
const VERIFIED = 1;
const CHECK = 2;
const FETCH = 3;
const WAIT = 4;
const IMPORT = 5;

const MAX_TOKEN = 16 * 1024;
const NO_REFRESH = 0xffffffff;
// Of a token that names no key: an import and a check for each of four, a fetch, and the same again. What needs more makes no
// progress.
const MAX_ROUNDS = 24;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Verifies JWTs of the configured providers. */
export class JwtVerifier implements Verifier {
  #options;
  #given;
  #tolerance;
  #now;
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
  #keys;
  #warned = new Set();

  /** Makes a verifier, without I/O: discovery and keys are fetched at first use. Throws ERR_CONFIG, which names option and fix. */
  static async create(options: JwtVerifierOptions): Promise<JwtVerifier> {
    await ready();
    const verifier = new JwtVerifier(options);
    tellInsecureHosts(options.insecureHosts, "JwtVerifier");
    return verifier;
  }

  private constructor(options: JwtVerifierOptions) {
    if (options === null || typeof options !== "object")
      throw configError("options", "must be an object with `providers`");
    this.#options = options;
    const { json, secrets, lengths } = coreOptions(options);
    this.#given = [json, secrets, lengths];
    this.#tolerance = options.clockToleranceSec ?? 30;
    // As the core reads them.
    this.#providers = Object.entries(JSON.parse(json).providers ?? {}).map(([name, { issuer }]) => ({
      name,
      issuer,
      prefix: "",
    }));
    this.#now = options.now ? clock(options.now) : Date.now;
    this.#keys = new ProviderKeys(options, {
      now: this.#now,
      importKeys: (snapshots) => this.importKeys(snapshots),
      emit: options.onEvent && ((event) => this.#emit(event)),
    });
    this.#attach();
  }

  /** Whether a token that was accepted may be refused later, and is worth asking about again. */
  get asksRevocation(): boolean {
    return this.#options.isRevoked !== undefined;
  }

  /** How far clocks may be apart: streams end that long after their token. */
  get clockToleranceSec(): number {
    return this.#tolerance;
  }

  /** Verifies a token. `scopes`: what it needs for this call, besides the provider's `requiredScopes`. */
  async verify(token: string, options?: VerifyOptions): Promise<VerifiedToken> {
    return this.#verify(token, callOptions(options, ["scopes", "signal", "waitUntil"]), true);
  }

  async #verify(token, { scopes, signal, waitUntil }, wantsClaims) {
    const arrived = this.#now();
    try {
      if (typeof token !== "string") throw notAString(token);
      if (!this.#keys.isHydrated) await this.#keys.hydrate(signal);
      // One crossing into the core before WebCrypto, one after it. Everything between two awaits belongs together: the core
      // has one place for a token, its signature and its result.
      let tried = 0;
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        if (signal?.aborted) throw aborted(signal);
        if (this.#epoch !== instanceEpoch()) this.#attach();
        const core = this.#core;
        // The clock and the fetch are the user's functions, and may call back into this verifier: neither runs while the
        // core's one place is in use.
        const now = round === 0 ? arrived : this.#now();
        let step = core.begin(this.#write(token), tried, arrived, now);
        let registers = this.#view();
        if (step === CHECK) {
          const check = registers[0];
          const handle = registers[1];
          const next = registers[6];
          const signed = this.#bytes.subarray(this.#input, this.#input + registers[3]);
          const answer = checkSignature(handle & 15, this.#keys.get(handle), this.#signatureOf(registers[2]), signed);
          if (registers[4] !== NO_REFRESH) this.#keys.startFetch(registers[4], registers[5], waitUntil);
          const approved = await answer;
          if (core !== this.#core || this.#epoch !== instanceEpoch()) continue;
          if (!approved && next > 0) {
            // A token that names no key, and a key without a name that wasn't the one.
            core.abandon(check);
            tried = next;
            continue;
          }
          step = core.finish(check, approved, this.#now());
          registers = this.#view();
        }
        if (step === VERIFIED) {
          const verified = this.#verified(registers, wantsClaims);
          if (scopes?.length && core.requireScopes(scopes.join("\n")) === REFUSED) throw errorFromJson(core.error());
          const isLongLived = this.#options.onEvent !== undefined && core.isLongLived();
          if (this.#options.isRevoked) await this.#askRevoked(verified);
          if (this.#options.checkClaims) await this.#askUser(verified);
          if (this.#options.onEvent) this.#report(verified, isLongLived);
          return verified;
        }
        if (step === REFUSED) throw errorFromJson(core.error());
        // With other keys the tries begin anew.
        if (step === FETCH || step === WAIT) tried = 0;
        if (step === FETCH) await orAborted(this.#keys.startFetch(registers[0], registers[1], waitUntil), signal);
        else if (step === WAIT) await orAborted(this.#keys.waitFor(registers[0], registers[1], registers[2]), signal);
        else if (step === IMPORT) {
          const handle = registers[0];
          if (registers[1] !== NO_REFRESH) this.#keys.startFetch(registers[1], registers[2], waitUntil);
          await this.#keys.import(core, handle);
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
  async authenticate(credentials: Credentials, context?: Partial<VerifierContext>): Promise<Principal | null> {
    if (schemeOf(credentials) !== "bearer" || !credentials.token) return null;
    const options = { signal: context?.signal, waitUntil: context?.waitUntil };
    // The user's own checks look at the claims.
    const wantsClaims = this.#options.checkClaims !== undefined || this.#options.isRevoked !== undefined;
    const { principal } = await this.#verify(credentials.token, options, wantsClaims);
    return principal;
  }

  /** The providers' keys with their age, for a second tier or another isolate. */
  exportKeys(): JwksSnapshot[] {
    return JSON.parse(this.#alive().exportKeys());
  }

  /** Takes keys over. They are checked again and keep their age. */
  importKeys(snapshots: readonly JwksSnapshot[]) {
    try {
      this.#alive().importKeys(dataJson(snapshots ?? null, "snapshots"), this.#now());
      this.#keys.changed();
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
      this.#registers = new Uint32Array(bytes.buffer, this.#core.registersPtr(), 13);
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
    const issuerAt = keyAt + registers[11];
    const end = issuerAt + registers[12];
    const start = registers[1] + registers[2] - end;
    const { name, issuer: usual, prefix } = this.#providers[registers[0]];
    const expiresAt = (registers[3] * 4294967296 + registers[4]) / 1000;
    const bytes = this.#bytes.subarray(start, start + end);
    const text = decoder.decode(bytes);
    // Where not all is ASCII, places in the text are not places in memory.
    const isAscii = text.length === end;
    const id = isAscii ? text.slice(idAt, scopesAt) : decoder.decode(bytes.subarray(idAt, scopesAt));
    const scopesText = isAscii ? text.slice(scopesAt, listAt) : decoder.decode(bytes.subarray(scopesAt, listAt));
    let key = prefix + id;
    let labels = {};
    let issuer = usual;
    let scopes = scopesText === "" ? [] : scopesText.split("\n");
    if (end > listAt) {
      if (labelsAt > listAt) scopes = JSON.parse(decoder.decode(bytes.subarray(listAt, labelsAt)));
      if (keyAt > labelsAt) labels = JSON.parse(decoder.decode(bytes.subarray(labelsAt, keyAt)));
      if (issuerAt > keyAt) key = decoder.decode(bytes.subarray(keyAt, issuerAt));
      // That of the token's tenant.
      if (end > issuerAt) issuer = decoder.decode(bytes.subarray(issuerAt, end));
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
    tell(this.#options.onEvent, event, this.#now);
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
      this.#input = this.#core.inputPtr();
      this.#signatureAt = this.#core.signaturePtr();
      this.#bytes = undefined;
      this.#keys.attach(this.#core);
    } catch (thrown) {
      recoverFrom(thrown);
      throw toArcgateError(thrown);
    }
  }
}

function notAString(token) {
  const kind = token === null || token === undefined ? String(token) : `of the type ${typeof token}`;
  return new ArcgateError("ERR_TOKEN_MALFORMED", `the token is ${kind}, not a string`, {
    details: { fault: "caller" },
  });
}
