// JwtVerifier: what its users call.

import { configError } from "../errors.js";
import { warnOfInsecureHosts } from "../platform/insecure-hosts.js";
import { ready } from "../platform/modules/verify.js";
import { callOptions, schemeOf } from "../platform/options.js";
import { type Call, VerifierDriver } from "./driver.js";
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
import { type Answer, isPending, setWay, type Waiting } from "./ways.js";

/**
 * Verifies JWTs of the configured providers.
 *
 * ```js
 * import { JwtVerifier } from "arcgate";
 *
 * const own = JwtVerifier.create({
 *   providers: { main: { issuer: "https://issuer.example", audience: "https://api.example" } },
 * });
 *
 * async function whoIs(token) {
 *   const { principal, claims } = await (await own).verify(token, { scopes: ["read"] });
 *   return [principal.key, claims.email];
 * }
 * ```
 *
 * In TypeScript `Claims` says what its tokens carry beside the registered claims; a call of `verify` may say it of one token.
 */
export class JwtVerifier<Claims extends object = Record<string, unknown>> implements Verifier {
  #driver: VerifierDriver;
  #tolerance: number;

  static {
    setWay(JwtVerifier.prototype.authenticate, {
      ask: (verifier, credentials, context) => JwtVerifier.#itself(verifier).#ask(credentials, context),
      read: (verifier, field, query, scopes, waiting) =>
        JwtVerifier.#itself(verifier).#read(field, query, scopes, waiting),
    });
  }

  // What wraps a verifier has its methods, and nothing that they need.
  static #itself(verifier: Verifier): JwtVerifier {
    if (#driver in verifier) return verifier;
    throw configError(
      "verifier",
      "has a JwtVerifier's methods and is none, a Proxy say: hand over what `create` gave, or an `authenticate` that calls it",
    );
  }

  /** Makes a verifier, without I/O: discovery and keys are fetched at first use. Throws ERR_CONFIG, which names option and fix. */
  static async create<Claims extends object = Record<string, unknown>>(
    options: JwtVerifierOptions<Claims>,
  ): Promise<JwtVerifier<Claims>> {
    await ready();
    // Without it each key would be refused, and the provider blamed.
    if (!globalThis.crypto?.subtle)
      throw configError("JwtVerifier", "needs WebCrypto, which pages have on https and on localhost only");
    const verifier = new JwtVerifier<Claims>(options);
    warnOfInsecureHosts(options.insecureHosts, "JwtVerifier");
    return verifier;
  }

  /** The same, for whoever has loaded the module and said what there is to say of hosts. @internal */
  static make(options: JwtVerifierOptions): JwtVerifier {
    return new JwtVerifier(options);
  }

  private constructor(options: JwtVerifierOptions<Claims>) {
    if (options === null || typeof options !== "object")
      throw configError("options", "must be an object with `providers`");
    // What is inside has one type for all claims.
    this.#driver = new VerifierDriver(options as unknown as JwtVerifierOptions);
    this.#tolerance = options.clockToleranceSec ?? 30;
  }

  /** Whether a token that was accepted may be refused later, and is worth asking about again. */
  get asksRevocation(): boolean {
    return this.#driver.user.asksRevocation;
  }

  /** How far clocks may be apart: streams end that long after their token. */
  get clockToleranceSec(): number {
    return this.#tolerance;
  }

  /** Verifies a token. `scopes`: what it needs for this call, besides the provider's `requiredScopes`. */
  verify<Own extends object = Claims>(token: string, options?: VerifyOptions): Promise<VerifiedToken<Own>> {
    return promised(() => {
      const waiting = callOptions(options, ["scopes", "signal", "waitUntil"]);
      const call: Call = { text: token, field: 0, scopes: waiting.scopes, waiting, wants: "token" };
      return this.#driver.verify(call) as VerifiedToken<Own> | Promise<VerifiedToken<Own>>;
    });
  }

  /** The principal of a bearer token, for whoever takes a Verifier. */
  authenticate(credentials: Credentials, context?: Partial<VerifierContext>): Promise<Principal | null> {
    return promised(() => {
      if (schemeOf(credentials) !== "bearer" || !credentials.token) return null;
      const waiting = { signal: context?.signal, waitUntil: context?.waitUntil };
      const call: Call = { text: credentials.token, field: 0, scopes: undefined, waiting, wants: "principal" };
      return this.#driver.verify(call) as Principal | Promise<Principal>;
    });
  }

  #ask(credentials: Credentials, waiting: Waiting): Answer | Promise<Answer> {
    if (schemeOf(credentials) !== "bearer" || !credentials.token) return null;
    const call: Call = { text: credentials.token, field: 0, scopes: undefined, waiting, wants: "form" };
    return this.#driver.verify(call) as Answer | Promise<Answer>;
  }

  #read(
    field: string,
    query: string,
    scopes: readonly string[],
    waiting: Waiting,
  ): Answer | undefined | Promise<Answer | undefined> {
    if (field === "") return undefined;
    const call: Call = { text: field + query, field: field.length, scopes, waiting, wants: "form" };
    return this.#driver.verify(call) as Answer | undefined | Promise<Answer | undefined>;
  }

  /** The providers' keys with their age, for a second tier or another isolate. */
  exportKeys(): JwksSnapshot[] {
    return this.#driver.exportKeys();
  }

  /** Takes keys over. They are checked again and keep their age. */
  importKeys(keys: readonly JwksSnapshot[]): void {
    this.#driver.importKeys(keys);
  }
}

// As an async function, but that what is a promise already is handed on as it is: that is a good part of a microsecond a token.
function promised<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    const result = work();
    return isPending(result) ? result : Promise.resolve(result);
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}
