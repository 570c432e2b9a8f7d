// Verifiers besides JWTs, and those that put verifiers together.

import { ArcgateError, configError } from "../errors.js";
import { dataJson } from "../platform/json.js";
import { MachineDriver } from "../platform/machine-driver.js";
import { call, guarded, ready, verify } from "../platform/modules/verify.js";
import { checkKeys, checkRecord, entriesOf, schemeOf } from "../platform/options.js";
import type { KnownHashes } from "../wasm/verify.js";
import { checkVerifier, toPrincipal } from "./request.js";
import type { Credentials, CustomPrincipal, Principal, StaticPrincipal, Verifier, VerifierContext } from "./types.js";
import { ask, setWay, Unchecked } from "./ways.js";

/** Bytes of a SHA-256 hash. */
const HASH = 32;

/** Known tokens. Only their hashes are kept, and each is compared, without an early exit. */
export class StaticBearerVerifier implements Verifier {
  #hashes: MachineDriver<KnownHashes>;
  #principals: readonly Principal[];

  /** Token -> the principal's id, or more of the principal. */
  static async create(tokens: Readonly<Record<string, string | StaticPrincipal>>): Promise<StaticBearerVerifier> {
    await ready();
    const entries = tokenEntries(tokens);
    const hashes = new Uint8Array(entries.length * HASH);
    const principals: Principal[] = [];
    for (const [index, [token, value]] of entries.entries()) {
      // The tokens are secrets: an error counts them, and never shows one.
      const name = `tokens[${index}]`;
      if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token)) {
        throw configError(
          name,
          "could never be sent: a bearer token has letters, digits and -._~+/ only, and = at its end",
        );
      }
      const principal = typeof value === "string" ? { id: value } : value;
      checkKeys(principal, ["id", "labels", "scopes"], name);
      hashes.set(await hash(token), index * HASH);
      try {
        principals.push(toPrincipal({ ...JSON.parse(dataJson(principal, name)), kind: "static" }));
      } catch (error) {
        throw configError(name, `is no id or { id, labels?, scopes? }: ${(error as Error).message}`);
      }
    }
    return new StaticBearerVerifier(hashes, principals);
  }

  private constructor(hashes: Uint8Array, principals: readonly Principal[]) {
    this.#hashes = new MachineDriver(verify, { make: () => new verify.bindings.KnownHashes(hashes, HASH) });
    this.#principals = principals;
  }

  static {
    setWay(StaticBearerVerifier.prototype.authenticate, {
      // It is in its one form already; each request has a principal of its own.
      ask: async (verifier, credentials) => {
        const principal = await (verifier as StaticBearerVerifier).#find(credentials);
        return principal && Object.freeze({ ...principal });
      },
    });
  }

  /** Who has this token; null where nobody has. */
  async authenticate(credentials: Credentials, _context?: Partial<VerifierContext>): Promise<Principal | null> {
    return this.#find(credentials);
  }

  async #find(credentials: Credentials): Promise<Principal | null> {
    const token = bearerOf(credentials);
    if (!token) return null;
    const hashed = await hash(token);
    const index = guarded(() => this.#hashes.machine.find(hashed));
    return index === undefined ? null : (this.#principals[index] as Principal);
  }
}

/** For development: any token is its own subject. The Worker runs it with DEV_MODE and on loopback only. */
export class AllowAnyBearerVerifier implements Verifier {
  private constructor() {}

  /** Makes it. Who runs it lets everybody in. */
  static async create(): Promise<AllowAnyBearerVerifier> {
    await ready();
    return new AllowAnyBearerVerifier();
  }

  /** The principal of the kind "dev" whose id is the token; null without one. */
  async authenticate(credentials: Credentials, _context?: Partial<VerifierContext>): Promise<Principal | null> {
    const token = bearerOf(credentials);
    return token ? toPrincipal({ kind: "dev", id: token }) : null;
  }
}

/** For development: any token that is not blank is the principal `dev:<token>`. The Worker runs it with DEV_MODE and on loopback only. */
export class DevModeBearerVerifier implements Verifier {
  private constructor() {}

  /** Makes it. Who runs it lets everybody in. */
  static async create(): Promise<DevModeBearerVerifier> {
    await ready();
    return new DevModeBearerVerifier();
  }

  /** The principal of the kind "dev" whose id is `dev:` and the token; null without one. */
  async authenticate(credentials: Credentials, _context?: Partial<VerifierContext>): Promise<Principal | null> {
    const token = bearerOf(credentials);
    return token?.trim() ? toPrincipal({ kind: "dev", id: `dev:${token}` }) : null;
  }
}

/** Nobody is let in: what runs when nothing is configured. */
export class DenyAllVerifier implements Verifier {
  private constructor() {}

  /** Makes it. It needs no module. */
  static async create(): Promise<DenyAllVerifier> {
    return new DenyAllVerifier();
  }

  /** Always null. */
  async authenticate(_credentials?: Credentials, _context?: Partial<VerifierContext>): Promise<null> {
    return null;
  }
}

/**
 * One verifier for each scheme: "bearer", "none", "x-vendor.acme.key", … Other schemes are refused.
 *
 * ```js
 * import { DenyAllVerifier, FirstOf, SchemeRouter, StaticBearerVerifier } from "arcgate";
 *
 * async function makeRouter() {
 *   const robots = await StaticBearerVerifier.create({ "s3cret-token": "robot-1" });
 *   return SchemeRouter.create({
 *     bearer: await FirstOf.create([robots, verifier]),
 *     none: await DenyAllVerifier.create(),
 *   });
 * }
 * ```
 */
export class SchemeRouter implements Verifier {
  #routes: ReadonlyMap<string, Verifier>;

  /** Scheme -> its verifier. Throws ERR_CONFIG for what is no scheme's name, is there twice, or has no `authenticate`. */
  static async create(routes: Readonly<Record<string, Verifier>>): Promise<SchemeRouter> {
    const known = new Map<string, Verifier>();
    for (const [scheme, verifier] of entriesOf(routes, "routes", "must be a record: scheme -> verifier")) {
      const name = scheme.toLowerCase();
      if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)) throw configError(`routes.${scheme}`, "is not a scheme's name");
      if (known.has(name)) throw configError(`routes.${scheme}`, "is there twice: case makes no difference");
      checkVerifier(verifier, `routes.${scheme}`);
      known.set(name, verifier);
    }
    return new SchemeRouter(known);
  }

  private constructor(routes: ReadonlyMap<string, Verifier>) {
    this.#routes = routes;
  }

  /** The least that its verifiers have: whose principal it was is not known afterwards. */
  get clockToleranceSec(): number | undefined {
    return leastTolerance(this.#routes.values());
  }

  /** Whether any of its verifiers does. */
  get asksRevocation(): boolean {
    return [...this.#routes.values()].some((verifier) => verifier.asksRevocation === true);
  }

  static {
    setWay(SchemeRouter.prototype.authenticate, {
      ask: (router, credentials, context) => {
        const verifier = (router as SchemeRouter).#routes.get(schemeOf(credentials));
        return verifier === undefined ? null : ask(verifier, credentials, context);
      },
    });
  }

  /** What the scheme's verifier says; null for a scheme that has none. */
  async authenticate(credentials: Credentials, context: VerifierContext): Promise<Principal | CustomPrincipal | null> {
    return (await this.#routes.get(schemeOf(credentials))?.authenticate(credentials, context)) ?? null;
  }
}

/** The first verifier that accepts. A refusal goes on to the next; an outage doesn't. */
export class FirstOf implements Verifier {
  #verifiers: readonly Verifier[];

  /** Asked in this order. Throws ERR_CONFIG for what has no `authenticate`. */
  static async create(verifiers: readonly Verifier[]): Promise<FirstOf> {
    await ready();
    if (!Array.isArray(verifiers)) throw configError("verifiers", "must be a list of verifiers");
    for (const [index, verifier] of verifiers.entries()) checkVerifier(verifier, `verifiers[${index}]`);
    return new FirstOf([...verifiers]);
  }

  private constructor(verifiers: readonly Verifier[]) {
    this.#verifiers = verifiers;
  }

  /** The least that its verifiers have: whose principal it was is not known afterwards. */
  get clockToleranceSec(): number | undefined {
    return leastTolerance(this.#verifiers);
  }

  /** Whether any of its verifiers does. */
  get asksRevocation(): boolean {
    return this.#verifiers.some((verifier) => verifier.asksRevocation === true);
  }

  static {
    setWay(FirstOf.prototype.authenticate, {
      ask: (verifier, credentials, context) =>
        (verifier as FirstOf).#first(async (each) => {
          const answer = await ask(each, credentials, context);
          return answer instanceof Unchecked && !answer.result ? null : answer;
        }),
    });
  }

  /** Who the first of them accepts. Where none does, the refusal that says most, or null. */
  async authenticate(credentials: Credentials, context: VerifierContext): Promise<Principal | CustomPrincipal | null> {
    return this.#first((verifier) => verifier.authenticate(credentials, context));
  }

  async #first<Found>(askOne: (verifier: Verifier) => Promise<Found | null>): Promise<Found | null> {
    // A next verifier might let in whom the first one would have refused.
    let refusal: unknown;
    let heaviest = -1;
    for (const verifier of this.#verifiers) {
      try {
        const found = await askOne(verifier);
        if (found) return found;
      } catch (error) {
        const weight = error instanceof ArcgateError ? call("refusalWeight", error.code, error.retryable) : undefined;
        if (weight === undefined) throw error;
        if (weight > heaviest) [refusal, heaviest] = [error, weight];
      }
    }
    if (refusal) throw refusal;
    return null;
  }
}

// Who made a principal is not known afterwards, so the strictest of them says when its streams end.
function leastTolerance(verifiers: Iterable<Verifier>): number | undefined {
  const known = [...verifiers].map((verifier) => verifier.clockToleranceSec).filter(isNumber);
  return known.length > 0 ? Math.min(...known) : undefined;
}

function isNumber(value: number | undefined): value is number {
  return Number.isFinite(value);
}

// The tokens are secrets: no error may name one, as that about a hidden member would.
function tokenEntries(tokens: unknown): [string, unknown][] {
  const problem = "must be a record: token -> id";
  checkRecord(tokens, "tokens", problem);
  try {
    return entriesOf(tokens, "tokens", problem);
  } catch {
    throw configError("tokens", `${problem}, its members its own and listed`);
  }
}

// The token of bearer credentials.
function bearerOf(credentials: Credentials): string | null | undefined {
  if (schemeOf(credentials) !== "bearer") return undefined;
  const { token }: { token?: unknown } = credentials;
  if (token === undefined || token === null || typeof token === "string") return token;
  throw configError("credentials.token", "must be a string");
}

async function hash(token: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
}
