// A bearer token as clients take it: a string, a TokenManager, or a function; asked for anew at each use.

import { ArcgateError, configError } from "./errors.js";

// RFC 6750 §2.1. Anything else would break the header, and the platform's error about that would quote it.
const form = /^[\w.~+/-]+=*$/;

/** The source of an `Authorization: Bearer`. Throws ERR_CONFIG for what is none. */
export function bearerOf(token) {
  if (typeof token === "string") {
    if (form.test(token)) return new Bearer(() => token, false);
    throw configError("token", "is no bearer token (RFC 6750 §2.1): give it without `Bearer ` and without spaces");
  }
  if (typeof token === "function") return new Bearer(() => token(), true);
  if (typeof token?.getToken === "function") return new Bearer((options) => token.getToken(options), true, token);
  throw configError("token", "must be a string, a TokenManager, or a function that gives a token");
}

class Bearer {
  #ask;
  #manager;
  #refused;
  /** Whether another token may be had when one is refused. */
  canRenew;

  constructor(ask, canRenew, manager) {
    this.#ask = ask;
    this.canRenew = canRenew;
    this.#manager = manager;
  }

  /** The token of this moment. */
  get(signal) {
    return this.#get({ signal });
  }

  /** Another one, for a token that the server calls expired. */
  async renew(token, signal) {
    this.#manager?.invalidate?.(token);
    // Of many calls that went out with the same token the first forces a refresh; the others take what it brought.
    const isFirst = this.#refused !== token;
    this.#refused = token;
    let fresh;
    try {
      fresh = await this.#get(isFirst ? { forceRefresh: true, signal } : { signal });
    } finally {
      // Nothing was brought: the next call tries again.
      if (this.#refused === token && (fresh === undefined || fresh === token)) this.#refused = undefined;
    }
    return fresh;
  }

  async #get(options) {
    let token;
    try {
      token = await this.#ask(options);
    } catch (cause) {
      if (cause instanceof ArcgateError) throw cause;
      throw new ArcgateError("ERR_REFRESH_UNAVAILABLE", "the source of tokens failed", {
        retryable: true,
        details: { fault: "provider" },
        cause,
      });
    }
    if (typeof token === "string" && form.test(token)) return token;
    const what =
      typeof token === "string" ? "a string that is no bearer token" : token === null ? "null" : typeof token;
    throw configError("token", `the source of tokens gave ${what}`);
  }
}
