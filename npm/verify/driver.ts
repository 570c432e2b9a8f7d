// The loop that drives the core's verifier over WebCrypto and fetch. The core decides; this carries.

import { ArcgateError, errorFromJson } from "../errors.js";
import { aborted, orAborted, signalTells } from "../platform/cancellation.js";
import { clock } from "../platform/clock.js";
import { dataJson } from "../platform/json.js";
import { MachineDriver } from "../platform/machine-driver.js";
import { failureOf, guarded, verify } from "../platform/modules/verify.js";
import type { VerifierCore } from "../wasm/verify.js";
import { JwksFetcher } from "./jwks-fetcher.js";
import { formOf, Known, saysTheSame } from "./known.js";
import { algorithmOf, type Provider, type Registers, VerifierMemory } from "./memory.js";
import * as at from "./numbers.js";
import { coreOptions } from "./options.js";
import type { JwksSnapshot } from "./provider-types.js";
import type { JwtVerifierOptions, VerifiedToken } from "./types.js";
import { UserFunctions } from "./user-functions.js";
import { type Answer, KEEP, Unchecked, type Waiting } from "./ways.js";
import { checkSignature } from "./webcrypto.js";

// Of a token that names no key: an import and a check for each of four, a fetch, and the same again. What needs more makes no
// progress.
const MAX_ROUNDS = 24;

/** One call: what it presents, and what it is for. */
export interface Call {
  /** A token; or of a request its Authorization field, with its URL's query behind it. */
  readonly text: string;
  /** How long that field is. 0 for a token. */
  readonly field: number;
  readonly scopes: readonly string[] | undefined;
  readonly waiting: Waiting;
  readonly wants: Wanted;
  /** What a good token lacks for this request. */
  lacking?: ArcgateError;
}

/** What a call is for: the token, its principal, or that in its one form. */
export type Wanted = "token" | "principal" | "form";

/** What comes of it: nothing for a request that presents no bearer token. */
export type Outcome = VerifiedToken | Answer | undefined;

/** One verifier's. */
export class VerifierDriver {
  readonly user: UserFunctions;
  #now: () => number;
  #driver: MachineDriver<VerifierCore>;
  #memory: VerifierMemory;
  #keys: JwksFetcher;
  /** What the core has been told that requests need. */
  #required: readonly string[] = [];

  constructor(options: JwtVerifierOptions) {
    const { json, secrets, lengths } = coreOptions(options);
    const providers = providersOf(json);
    this.#now = options.now ? clock(options.now) : Date.now;
    this.user = new UserFunctions(options, this.#now);
    const { tokenCache } = options;
    this.#memory = new VerifierMemory(providers);
    this.#keys = new JwksFetcher(options, {
      now: this.#now,
      importKeys: (snapshots) => this.importKeys(snapshots),
      isCurrent: (core) => this.#driver.isCurrent(core),
      emit: options.onEvent && ((event) => this.user.emit(event)),
    });
    this.#driver = new MachineDriver(verify, {
      make: () => {
        const core = new verify.bindings.VerifierCore(json, secrets, lengths);
        for (const [index, provider] of providers.entries()) provider.prefix = core.principalPrefix(index) ?? "";
        // The core has looked at the option.
        this.#memory.attach(core, new Known(tokenCache === false ? { maxEntries: 0 } : tokenCache));
        this.#required = [];
        return core;
      },
      made: (core) => this.#keys.attach(core),
    });
    // What is wrong with the options is said now.
    this.#driver.machine;
  }

  // The first step is taken at once: of a token seen before it is the only one.
  verify(call: Call): Outcome | Promise<Outcome> {
    const arrived = this.#now();
    let step: number | undefined;
    let core: VerifierCore | undefined;
    try {
      if (typeof call.text !== "string") throw notAString(call.text);
      if (this.#keys.isHydrated) {
        // Whether a request is still there is worth asking before something is waited for.
        if (call.field === 0 && (signalTells || call.wants !== "form")) refuseIfAborted(call.waiting);
        core = this.#driver.machine;
        step = this.#begin(core, call, 0, arrived, arrived);
        if (step === at.VERIFIED && !this.user.hasChecks) return this.#accept(core, call, true);
        if (step === at.NO_BEARER) return undefined;
      }
    } catch (thrown) {
      throw this.#refused(thrown, call);
    }
    return this.#goOn(core, step, call, arrived);
  }

  // One crossing into the core before WebCrypto, one after it. Everything between two awaits belongs together: the core has one
  // place for a token, its signature and its result.
  #begin(core: VerifierCore, { text, field }: Call, tried: number, arrived: number, now: number): number {
    const length = this.#memory.write(text);
    return field > 0 ? core.beginRequest(field, length, tried, arrived, now) : core.begin(length, tried, arrived, now);
  }

  async #goOn(core: VerifierCore | undefined, step: number | undefined, call: Call, arrived: number): Promise<Outcome> {
    try {
      if (!this.#keys.isHydrated) await this.#keys.hydrate(call.waiting.signal);
      let tried = 0;
      let isSeen = true;
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        if (core === undefined || step === undefined) {
          refuseIfAborted(call.waiting);
          core = this.#driver.machine;
          // The clock and the fetch are the user's functions, and may call back into this verifier: neither runs while the core's
          // one place is in use.
          step = this.#begin(core, call, tried, arrived, round === 0 ? arrived : this.#now());
          isSeen = true;
        }
        if (step === at.CHECK) {
          const registers = this.#memory.registers();
          const check = registers[at.CHECK_ID];
          const next = registers[at.CHECK_NEXT];
          const approved = await this.#checkSignature(registers, call);
          if (!this.#driver.isCurrent(core)) step = undefined;
          else if (approved || next === 0) {
            step = core.finish(check, approved, this.#now());
            isSeen = false;
          } else {
            // A token that names no key, and a key without a name that wasn't the one.
            core.abandon(check);
            tried = next;
            step = undefined;
          }
        }
        if (step === at.VERIFIED)
          return this.user.hasChecks
            ? await this.#acceptIfUserDoes(core, call, isSeen)
            : this.#accept(core, call, isSeen);
        if (step === at.REFUSED) throw errorFromJson(core.error());
        if (step === undefined) continue;
        if (step === at.NO_BEARER) return undefined;
        // With other keys the tries begin anew.
        if (step === at.FETCH || step === at.WAIT) tried = 0;
        await this.#provide(step, core, call.waiting);
        step = undefined;
      }
      throw new ArcgateError("ERR_JWKS_UNAVAILABLE", "the provider's keys change faster than they can be used", {
        retryable: true,
        details: { fault: "provider", retryAfterSec: 5 },
      });
    } catch (thrown) {
      throw this.#refused(thrown, call);
    }
  }

  // The registers are read before the fetch begins, which is the user's function.
  #checkSignature(registers: Registers, { waiting }: Call): Promise<boolean> {
    const handle = registers[at.CHECK_KEY];
    const signature = this.#memory.signature(registers[at.SIGNATURE_LEN]);
    const signed = this.#memory.signed(registers);
    const answer = checkSignature(algorithmOf(handle), this.#keys.get(handle), signature, signed);
    this.#keys.refresh(registers, at.CHECK_REFRESH, waiting);
    return answer;
  }

  // What the core needs before it can go on: the provider's keys, or one of them in WebCrypto's hands.
  async #provide(step: number, core: VerifierCore, waiting: Waiting): Promise<void> {
    const registers = this.#memory.registers();
    const [provider, fetch] = [registers[at.PROVIDER], registers[at.FETCH_ID]];
    const { signal } = waiting;
    if (step === at.FETCH) await orAborted(this.#keys.startFetch(provider, fetch, waiting), signal);
    else if (step === at.WAIT) await orAborted(this.#keys.waitFor(provider, fetch, registers[at.WAIT_MS]), signal);
    else if (step === at.IMPORT) {
      const handle = registers[at.IMPORT_KEY];
      this.#keys.refresh(registers, at.IMPORT_REFRESH, waiting);
      await this.#keys.import(core, handle);
    }
  }

  // The token is good, and nobody but the core is asked.
  #accept(core: VerifierCore, call: Call, isSeen: boolean): Outcome {
    const registers = this.#memory.registers();
    const { wants } = call;
    const keep = call.waiting[KEEP];
    const verified = wants === "token" || keep !== undefined ? this.#memory.verified(registers, isSeen) : undefined;
    const principal =
      wants === "form"
        ? this.#memory.principal(registers, isSeen)
        : (verified?.principal ?? this.#memory.ownPrincipal(registers, isSeen));
    this.#requireScopes(core, call);
    if (this.user.isListening)
      this.user.accepted(this.#memory.providerOf(registers), principal.key, core.isLongLived());
    if (call.lacking !== undefined) throw call.lacking;
    if (verified !== undefined) keep?.(verified);
    return wants === "token" ? verified : principal;
  }

  // The same, where the user's own checks look at the token. They may write into what they are shown.
  async #acceptIfUserDoes(core: VerifierCore, call: Call, isSeen: boolean): Promise<Outcome> {
    const registers = this.#memory.registers();
    const verified = this.#memory.verified(registers, isSeen);
    if (call.wants === "token") this.#requireScopes(core, call);
    const isLongLived = this.user.isListening && core.isLongLived();
    // Afterwards the core's one place may hold another token.
    const form = call.wants === "form" && this.#isAdmitted(core, call) ? formOf(verified.principal) : undefined;
    await this.user.check(verified);
    call.waiting[KEEP]?.(verified);
    const { principal } = verified;
    if (this.user.isListening) this.user.accepted(verified.provider, principal.key, isLongLived);
    if (call.wants === "token") return verified;
    if (form !== undefined && saysTheSame(principal, form)) return form;
    // What it is in its one form is found out afterwards, and its scopes with that.
    return call.wants === "form" ? new Unchecked(principal) : principal;
  }

  // Whether the token has the scopes of its request as it is. Where it hasn't, what the user's checks make of it is asked instead.
  #isAdmitted(core: VerifierCore, call: Call): boolean {
    try {
      this.#requireScopes(core, call);
    } catch (thrown) {
      failureOf(thrown);
      return false;
    }
    const isAdmitted = call.lacking === undefined;
    call.lacking = undefined;
    return isAdmitted;
  }

  // A token without the scopes of its call is refused. One without those of its request is good, and tells so before it is
  // refused there.
  #requireScopes(core: VerifierCore, call: Call): void {
    const { scopes } = call;
    if (scopes === undefined || scopes.length === 0) return;
    if (call.wants === "token") {
      if (core.requireScopes(JSON.stringify(scopes)) === at.REFUSED) throw errorFromJson(core.error());
      return;
    }
    const known = this.#required;
    if (scopes.length !== known.length || scopes.some((scope, index) => scope !== known[index])) {
      core.setRequired(JSON.stringify(scopes));
      this.#required = [...scopes];
    }
    if (core.admit() === at.REFUSED) call.lacking = errorFromJson(core.error());
  }

  #refused(thrown: unknown, call: Call): ArcgateError {
    if (call.lacking !== undefined && thrown === call.lacking) return call.lacking;
    const error = failureOf(thrown);
    if (this.user.isListening) this.user.emit({ type: "token.refused", code: error.code, reason: error.message });
    return error;
  }

  /** The providers' keys, with their age. */
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
}

// The providers as the core reads them.
function providersOf(json: string): Provider[] {
  const { providers }: { providers?: Record<string, { issuer: string }> } = JSON.parse(json);
  return Object.entries(providers ?? {}).map(([name, { issuer }]) => ({ name, issuer, prefix: "" }));
}

function refuseIfAborted({ signal }: Waiting): void {
  if (signal?.aborted) throw aborted(signal);
}

function notAString(token: unknown): ArcgateError {
  const kind = token === null || token === undefined ? String(token) : `of the type ${typeof token}`;
  return new ArcgateError("ERR_TOKEN_MALFORMED", `the token is ${kind}, not a string`, {
    details: { fault: "caller" },
  });
}
