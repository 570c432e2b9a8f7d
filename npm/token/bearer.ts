// A bearer token as clients take it: a string, a TokenManager, or a function; asked for anew at each use.

import { configError } from "../errors.js";
import { call } from "../platform/modules/client.js";
import { Renewals } from "./renewals.js";
import { sourceError } from "./source-error.js";
import type { TokenGiver, TokenRequest } from "./types.js";

// RFC 6750 §2.1. Anything else would break the header, and the platform's error about that would quote it.
export const bearerForm = /^[\w.~+/-]+=*$/;
// Another scheme's credential travels in JSON, and is whatever the scheme says.
const otherForm = /^[^\p{Cc}]{1,16384}$/u;

/** The source of a bearer token, or of another scheme's credential. Throws ERR_CONFIG for what is none. */
export function bearerOf(token: unknown, scheme = "bearer"): BearerSource {
  const form = scheme === "bearer" ? bearerForm : otherForm;
  if (typeof token === "string") {
    if (form.test(token)) return new BearerSource(form, () => token);
    if (scheme !== "bearer")
      throw configError("token", "must be text of up to 16384 characters without control characters");
    throw configError("token", "is no bearer token (RFC 6750 §2.1): give it without `Bearer ` and without spaces");
  }
  if (typeof token === "function") return new BearerSource(form, (options) => token(options), Renewals.of(token));
  if (isManager(token)) {
    return new BearerSource(form, (options) => token.getToken(options), Renewals.of(token), token);
  }
  throw configError("token", "must be a string, a TokenManager, or a function that gives a token");
}

// A TokenManager, or what has its methods. Whether it gives strings is seen when it gives one.
type Manager = TokenGiver & { readonly expiresAt?: unknown; readonly claims?: unknown };

function isManager(token: unknown): token is Manager {
  return typeof (token as Partial<Manager> | null | undefined)?.getToken === "function";
}

type Ask = (options: TokenRequest) => unknown;

type Asked = Omit<TokenRequest, "signal"> & { signal?: AbortSignal | undefined };

/** A token that was refused: by which server, and whether that is so for all. */
interface Refused {
  where: string;
  /** Nobody is to get the token any more, whether or not another one comes. */
  isOver?: boolean;
  /** Who was logged in when it was given out. */
  person?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Which token the next connection is to have. */
interface NextToken {
  where: string;
  fresh: boolean;
  outlastMs?: number | undefined;
  lastEnds?: number | undefined;
  signal: AbortSignal;
}

/** Where a client gets its tokens. */
export class BearerSource {
  #form: RegExp;
  #ask: Ask;
  #manager: Manager | undefined;
  #renewals: Renewals | undefined;

  constructor(form: RegExp, ask: Ask, renewals?: Renewals, manager?: Manager) {
    this.#form = form;
    this.#ask = ask;
    this.#renewals = renewals;
    this.#manager = manager;
  }

  /** Whether another token may be had when one is refused. */
  get canRenew(): boolean {
    return this.#renewals !== undefined;
  }

  /** The token of this moment. */
  get(signal?: AbortSignal): Promise<string> {
    return this.#get({ signal });
  }

  /** Who is logged in, where the source knows that. */
  get person(): string | undefined {
    const { iss, sub } = Object(this.#manager?.claims) as { iss?: unknown; sub?: unknown };
    return sub === undefined ? undefined : `${iss} ${sub}`;
  }

  /**
   * Another one, for a token that a server has refused. `undefined`: there is none, or none would help there, or somebody else has
   * logged in since: what one person has asked for is not asked in the other's name.
   */
  async renew(refused: string, options: Refused): Promise<string | undefined> {
    const fresh = await this.#another(refused, options);
    const isOthers = () => options.person !== this.person || call("tokensContradict", refused, fresh as string);
    return fresh === undefined || isOthers() ? undefined : fresh;
  }

  async #another(refused: string, { where, isOver = false, signal }: Refused): Promise<string | undefined> {
    // Who was refused before has brought another one already, perhaps.
    const present = await this.#get({ signal });
    if (present !== refused) return present;
    const obtain = (all: AbortSignal) => {
      if (isOver) this.#manager?.invalidate?.(refused);
      return this.#get({ forceRefresh: true, signal: all });
    };
    return this.#renewals?.begin({ refused, where, signal, obtain });
  }

  /** Whether the token that `renew` gave was any better there. */
  tried(where: string, hasHelped: boolean): void {
    this.#renewals?.tried(where, hasHelped);
  }

  /**
   * The token for the next connection: another one with `fresh`, if there is one; with `outlastMs` one that lasts longer than the
   * last, or `undefined` when there is none.
   */
  async next(last: string | undefined, options: NextToken): Promise<string | undefined> {
    const { where, fresh, outlastMs, lastEnds = Number.NaN, signal } = options;
    if (outlastMs !== undefined) {
      // A second more than what is left; the present token goes on being good until then.
      let token = await this.#get({ minValiditySec: Math.max(outlastMs, 0) / 1000 + 1, signal });
      // A manager may still find the last one good enough.
      if (token === last && this.#manager) token = await this.#get({ forceRefresh: true, signal });
      return token !== last && !((this.endOf(token) ?? Number.NaN) <= lastEnds) ? token : undefined;
    }
    const renewed =
      fresh && last !== undefined ? await this.#another(last, { where, isOver: true, signal }) : undefined;
    return renewed ?? this.#get({ signal });
  }

  /** When a token ends, in milliseconds, as far as that can be known. */
  endOf(token: string): number | undefined {
    const { expiresAt } = this.#manager ?? {};
    const claimed = typeof expiresAt === "number" ? expiresAt : expiryOf(token);
    return claimed === undefined ? undefined : claimed * 1000;
  }

  async #get({ signal, ...options }: Asked): Promise<string> {
    let token: unknown;
    try {
      token = await this.#ask(signal ? { ...options, signal } : options);
    } catch (cause) {
      throw sourceError(cause, "the source of tokens", "provider");
    }
    if (typeof token === "string" && this.#form.test(token)) return token;
    const what =
      typeof token === "string" ? "a string that is no bearer token" : token === null ? "null" : typeof token;
    throw configError("token", `the source of tokens gave ${what}`);
  }
}

// `exp` of a JWT. Nobody has verified it: it says when to ask for another one, and no more.
function expiryOf(token: string): number | undefined {
  try {
    const { exp } = JSON.parse(atob((token.split(".")[1] as string).replaceAll("-", "+").replaceAll("_", "/")));
    return typeof exp === "number" && exp > 0 ? exp : undefined;
  } catch {
    return undefined;
  }
}
