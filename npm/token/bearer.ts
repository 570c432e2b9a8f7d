// A bearer token as clients take it: a string, a TokenManager, or a function; asked for anew at each use.

import { configError } from "../errors.js";
import { sourceError } from "./source-error.js";
import type { TokenGiver } from "./types.js";

// RFC 6750 §2.1. Anything else would break the header, and the platform's error about that would quote it.
export const bearerForm = /^[\w.~+/-]+=*$/;
// Another scheme's credential travels in JSON, and is whatever the scheme says.
const otherForm = /^[^\p{Cc}]{1,16384}$/u;

/** The source of a bearer token, or of another scheme's credential. Throws ERR_CONFIG for what is none. */
export function bearerOf(token: unknown, scheme = "bearer"): BearerSource {
  const form = scheme === "bearer" ? bearerForm : otherForm;
  if (typeof token === "string") {
    if (form.test(token)) return new BearerSource(form, () => token, false);
    if (scheme !== "bearer")
      throw configError("token", "must be text of up to 16384 characters without control characters");
    throw configError("token", "is no bearer token (RFC 6750 §2.1): give it without `Bearer ` and without spaces");
  }
  if (typeof token === "function") return new BearerSource(form, () => token(), true);
  if (isManager(token)) return new BearerSource(form, (options) => token.getToken(options), true, token);
  throw configError("token", "must be a string, a TokenManager, or a function that gives a token");
}

// A TokenManager, or what has its methods. Whether it gives strings is seen when it gives one.
type Manager = TokenGiver & { readonly expiresAt?: unknown };

function isManager(token: unknown): token is Manager {
  return typeof (token as Partial<Manager> | null | undefined)?.getToken === "function";
}

type Ask = (options: { forceRefresh?: boolean; minValiditySec?: number; signal?: AbortSignal | undefined }) => unknown;

/** Which token the next connection is to have. */
interface NextToken {
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
  #refused: string | undefined;
  /** Whether another token may be had when one is refused. */
  canRenew: boolean;

  constructor(form: RegExp, ask: Ask, canRenew: boolean, manager?: Manager) {
    this.#form = form;
    this.#ask = ask;
    this.canRenew = canRenew;
    this.#manager = manager;
  }

  /** The token of this moment. */
  get(signal?: AbortSignal): Promise<string> {
    return this.#get({ signal });
  }

  /** Another one, for a token that the server calls expired. */
  async renew(token: string, signal?: AbortSignal): Promise<string> {
    this.#manager?.invalidate?.(token);
    // Of many calls that went out with the same token the first forces a refresh; the others take what it brought.
    const isFirst = this.#refused !== token;
    this.#refused = token;
    let fresh: string | undefined;
    try {
      fresh = await this.#get(isFirst ? { forceRefresh: true, signal } : { signal });
    } finally {
      // Nothing was brought: the next call tries again.
      if (this.#refused === token && (fresh === undefined || fresh === token)) this.#refused = undefined;
    }
    return fresh;
  }

  /**
   * The token for the next connection: another one with `fresh`; with `outlastMs` one that lasts longer than the last, or
   * `undefined` when there is none.
   */
  async next(last: string | undefined, options: NextToken): Promise<string | undefined> {
    const { fresh, outlastMs, lastEnds = Number.NaN, signal } = options;
    if (outlastMs !== undefined) {
      // A second more than what is left; the present token goes on being good until then.
      let token = await this.#get({ minValiditySec: Math.max(outlastMs, 0) / 1000 + 1, signal });
      // A manager may still find the last one good enough.
      if (token === last && this.#manager) token = await this.#get({ forceRefresh: true, signal });
      return token !== last && !((this.endOf(token) ?? Number.NaN) <= lastEnds) ? token : undefined;
    }
    return fresh && last !== undefined ? this.renew(last, signal) : this.#get({ signal });
  }

  /** When a token ends, in milliseconds, as far as that can be known. */
  endOf(token: string): number | undefined {
    const { expiresAt } = this.#manager ?? {};
    const claimed = typeof expiresAt === "number" ? expiresAt : expiryOf(token);
    return claimed === undefined ? undefined : claimed * 1000;
  }

  async #get(options: Parameters<Ask>[0]): Promise<string> {
    let token: unknown;
    try {
      token = await this.#ask(options);
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
