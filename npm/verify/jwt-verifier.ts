// JwtVerifier: the loop that drives the core's verifier over WebCrypto and fetch. The core decides; this carries.

import { ArcgateError, configError, errorFromJson } from "../errors.js";
import { aborted, orAborted } from "../platform/cancellation.js";
import { clock } from "../platform/clock.js";
import { notify, type Untimed } from "../platform/events.js";
import { warnOfInsecureHosts } from "../platform/insecure-hosts.js";
import { dataJson } from "../platform/json.js";
import { MachineDriver } from "../platform/machine-driver.js";
import { failureOf, guarded, ready, verify } from "../platform/modules/verify.js";
import { callOptions, schemeOf } from "../platform/options.js";
import type { VerifierCore } from "../wasm/verify.js";
import { JwksFetcher } from "./jwks-fetcher.js";
import { algorithmOf, type Identified, type Provider, type Registers, VerifierMemory } from "./memory.js";
import * as at from "./numbers.js";
import { coreOptions } from "./options.js";
import type { JwksSnapshot } from "./provider-types.js";
import type {
  AuditEvent,
  Credentials,
  JwtVerifierOptions,
  Principal,
  VerifiedToken,
  Verifier,
  VerifierContext,
  VerifyOptions,
} from "./types.js";
import { checkSignature } from "./webcrypto.js";

// Of a token that names no key: an import and a check for each of four, a fetch, and the same again. What needs more makes no
// progress.
const MAX_ROUNDS = 24;

/**
 * Verifies JWTs of the configured providers.
 *
 * ```js
 * import { JwtVerifier } from "arcgate";
 *
 * const own = await JwtVerifier.create({
 *   providers: { main: { issuer: "https://issuer.example", audience: "https://api.example" } },
 * });
 * const { principal, claims } = await own.verify(token, { scopes: ["read"] });
 * show(principal.key, claims.email);
 * ```
 */
export class JwtVerifier implements Verifier {
  #options: JwtVerifierOptions;
  #tolerance: number;
  #now: () => number;
  #driver: MachineDriver<VerifierCore>;
  #memory: VerifierMemory;
  #keys: JwksFetcher;
  #warned = new Set<string>();

  /** Makes a verifier, without I/O: discovery and keys are fetched at first use. Throws ERR_CONFIG, which names option and fix. */
  static async create(options: JwtVerifierOptions): Promise<JwtVerifier> {
    await ready();
    const verifier = new JwtVerifier(options);
    warnOfInsecureHosts(options.insecureHosts, "JwtVerifier");
    return verifier;
  }

  /** The same, for whoever has loaded the module and said what there is to say of hosts. @internal */
  static make(options: JwtVerifierOptions): JwtVerifier {
    return new JwtVerifier(options);
  }

  private constructor(options: JwtVerifierOptions) {
    if (options === null || typeof options !== "object")
      throw configError("options", "must be an object with `providers`");
    this.#options = options;
    const { json, secrets, lengths } = coreOptions(options);
    this.#tolerance = options.clockToleranceSec ?? 30;
    const providers = providersOf(json);
    this.#now = options.now ? clock(options.now) : Date.now;
    this.#memory = new VerifierMemory(providers);
    const { onEvent } = options;
    this.#keys = new JwksFetcher(options, {
      now: this.#now,
      importKeys: (snapshots) => this.importKeys(snapshots),
      isCurrent: (core) => this.#driver.isCurrent(core),
      emit: onEvent && ((event) => this.#emit(event)),
    });
    this.#driver = new MachineDriver(verify, {
      make: () => {
        const core = new verify.bindings.VerifierCore(json, secrets, lengths);
        for (const [index, provider] of providers.entries()) provider.prefix = core.principalPrefix(index) ?? "";
        this.#memory.attach(core);
        return core;
      },
      made: (core) => this.#keys.attach(core),
    });
    // What is wrong with the options is said now.
    this.#driver.machine;
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
    const call = callOptions(options, ["scopes", "signal", "waitUntil"]);
    return this.#verify(token, call, true) as Promise<VerifiedToken>;
  }

  async #verify(token: string, call: VerifyOptions, wantsClaims: boolean): Promise<VerifiedToken | Identified> {
    const { scopes, signal, waitUntil } = call;
    const arrived = this.#now();
    try {
      if (typeof token !== "string") throw notAString(token);
      if (!this.#keys.isHydrated) await this.#keys.hydrate(signal);
      // One crossing into the core before WebCrypto, one after it. Everything between two awaits belongs together: the core
      // has one place for a token, its signature and its result.
      let tried = 0;
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        if (signal?.aborted) throw aborted(signal);
        const core = this.#driver.machine;
        // The clock and the fetch are the user's functions, and may call back into this verifier: neither runs while the
        // core's one place is in use.
        const now = round === 0 ? arrived : this.#now();
        let step = core.begin(this.#memory.write(token), tried, arrived, now);
        let registers = this.#memory.registers();
        if (step === at.CHECK) {
          const check = registers[at.CHECK_ID];
          const handle = registers[at.CHECK_KEY];
          const next = registers[at.CHECK_NEXT];
          const signature = this.#memory.signature(registers[at.SIGNATURE_LEN]);
          const signed = this.#memory.signed(registers[at.SIGNED_LEN]);
          const answer = checkSignature(algorithmOf(handle), this.#keys.get(handle), signature, signed);
          this.#keys.refresh(registers, at.CHECK_REFRESH, waitUntil);
          const approved = await answer;
          if (!this.#driver.isCurrent(core)) continue;
          if (!approved && next > 0) {
            // A token that names no key, and a key without a name that wasn't the one.
            core.abandon(check);
            tried = next;
            continue;
          }
          step = core.finish(check, approved, this.#now());
          registers = this.#memory.registers();
        }
        if (step === at.VERIFIED) {
          const verified = this.#memory.verified(registers, wantsClaims);
          if (scopes?.length && core.requireScopes(scopes.join("\n")) === at.REFUSED) throw errorFromJson(core.error());
          const isLongLived = this.#options.onEvent !== undefined && core.isLongLived();
          if (this.#options.isRevoked) await this.#checkRevocation(verified as VerifiedToken);
          if (this.#options.checkClaims) await this.#askUser(verified as VerifiedToken);
          if (this.#options.onEvent) this.#report(verified, isLongLived);
          return verified;
        }
        if (step === at.REFUSED) throw errorFromJson(core.error());
        // With other keys the tries begin anew.
        if (step === at.FETCH || step === at.WAIT) tried = 0;
        await this.#provide(step, registers, core, call);
      }
      throw new ArcgateError("ERR_JWKS_UNAVAILABLE", "the provider's keys change faster than they can be used", {
        retryable: true,
        details: { fault: "provider", retryAfterSec: 5 },
      });
    } catch (thrown) {
      const error = failureOf(thrown);
      if (this.#options.onEvent) this.#emit({ type: "token.refused", code: error.code, reason: error.message });
      throw error;
    }
  }

  // What the core needs before it can go on: the provider's keys, or one of them in WebCrypto's hands.
  async #provide(step: number, registers: Registers, core: VerifierCore, call: VerifyOptions): Promise<void> {
    const { signal, waitUntil } = call;
    const [provider, fetch] = [registers[at.PROVIDER], registers[at.FETCH_ID]];
    if (step === at.FETCH) await orAborted(this.#keys.startFetch(provider, fetch, waitUntil), signal);
    else if (step === at.WAIT) await orAborted(this.#keys.waitFor(provider, fetch, registers[at.WAIT_MS]), signal);
    else if (step === at.IMPORT) {
      const handle = registers[at.IMPORT_KEY];
      this.#keys.refresh(registers, at.IMPORT_REFRESH, waitUntil);
      await this.#keys.import(core, handle);
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
    return JSON.parse(this.#driver.machine.snapshots());
  }

  /** Takes keys over. They are checked again and keep their age. */
  importKeys(keys: readonly JwksSnapshot[]): void {
    guarded(() => {
      this.#driver.machine.handleSnapshots(dataJson(keys ?? null, "snapshots"), this.#now());
      this.#keys.changed();
    });
  }

  async #checkRevocation(verified: VerifiedToken): Promise<void> {
    let revoked: boolean | undefined;
    try {
      revoked = await this.#options.isRevoked?.(verified);
    } catch (cause) {
      throw new ArcgateError("ERR_VERIFIER_UNAVAILABLE", "whether the token is revoked could not be found out", {
        retryable: true,
        details: { fault: "configuration" },
        cause,
      });
    }
    if (revoked) throw new ArcgateError("ERR_TOKEN_REVOKED", "the token is revoked", { details: { fault: "caller" } });
  }

  async #askUser(verified: VerifiedToken): Promise<void> {
    try {
      await this.#options.checkClaims?.(verified);
    } catch (cause) {
      if (cause instanceof ArcgateError) throw cause;
      throw new ArcgateError("ERR_TOKEN_CLAIM", "the token was refused by `checkClaims`", {
        details: { fault: "caller" },
        cause,
      });
    }
  }

  #report({ provider, principal }: Identified, isLongLived: boolean): void {
    this.#emit({ type: "token.accepted", provider, principal: principal.key });
    if (!isLongLived || this.#warned.has(provider)) return;
    this.#warned.add(provider);
    this.#emit({
      type: "token.long_lived",
      provider,
      reason: "the provider issues tokens that live for more than an hour",
    });
  }

  #emit(event: Untimed<AuditEvent>): void {
    if (this.#options.onEvent) notify(this.#options.onEvent, event, this.#now);
  }
}

// The providers as the core reads them.
function providersOf(json: string): Provider[] {
  const { providers }: { providers?: Record<string, { issuer: string }> } = JSON.parse(json);
  return Object.entries(providers ?? {}).map(([name, { issuer }]) => ({ name, issuer, prefix: "" }));
}

function notAString(token: unknown): ArcgateError {
  const kind = token === null || token === undefined ? String(token) : `of the type ${typeof token}`;
  return new ArcgateError("ERR_TOKEN_MALFORMED", `the token is ${kind}, not a string`, {
    details: { fault: "caller" },
  });
}
