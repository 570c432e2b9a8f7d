// What the middleware for frameworks has in common: who sends a request, or what it is answered.

import { ArcgateError, configError } from "../errors.js";
import { callOptions, checkKeys } from "../platform/options.js";
import type { AnyRequest } from "./incoming.js";
import { type Refusal, refusalOf } from "./refusal.js";
import { admit, checkVerifier } from "./request.js";
import type { Principal, VerifiedToken, Verifier } from "./types.js";
import { isPending } from "./ways.js";

/** A verifier, or the promise of one: what `create` gives may be handed over as it is. */
export type VerifierOrPromise = Verifier | PromiseLike<Verifier>;

/** What middleware may be told; `At` is what the framework hands to a handler. */
export interface MiddlewareOptions<At extends readonly unknown[]> {
  /** What a principal needs, for all requests or by request. Missing ones are answered with 403. */
  scopes?: readonly string[] | ((...at: At) => readonly string[] | Promise<readonly string[]>);
  /**
   * Whether a request without credentials goes on, without a principal, whatever `scopes` says. One with credentials that don't
   * count is refused all the same. Default: false.
   */
  optional?: boolean;
  /** Is told of each refusal, with the reason that its sender is not told, before the answer is sent. It may answer itself. */
  onRefused?: (error: ArcgateError, ...at: At) => unknown;
}

/** Who sends a request; nobody, where that is optional. @internal */
export interface Admitted {
  readonly refusal?: undefined;
  readonly principal: Principal | undefined;
  readonly verifiedToken: VerifiedToken | undefined;
}

/** What a request is answered that is refused, and what `onRefused` gave. @internal */
export interface Refused {
  readonly refusal: Refusal;
  readonly error: unknown;
  readonly answer: unknown;
}

/**
 * Decides for each request. What is no fault of its sender's (a wrong configuration, a verifier that fails) is thrown: the framework's
 * own handling of errors is to tell of it. @internal
 */
export function bearer<At extends readonly unknown[]>(
  verifier: VerifierOrPromise,
  options: MiddlewareOptions<At> = {},
): (request: AnyRequest, ...at: At) => Promise<Admitted | Refused> {
  if (!isPending(verifier as Promise<Verifier>)) checkVerifier(verifier);
  checkKeys(options, ["scopes", "optional", "onRefused"]);
  const { optional = false, onRefused } = options;
  if (typeof optional !== "boolean") throw configError("optional", "must be true or false");
  if (onRefused !== undefined && typeof onRefused !== "function") throw configError("onRefused", "must be a function");
  const scopesFor = scopesOf(options);
  const decide = async (request: AnyRequest, at: At): Promise<Admitted | Refused> => {
    const scopes =
      typeof scopesFor === "function" ? callOptions({ scopes: await scopesFor(...at) }, ["scopes"]).scopes : scopesFor;
    let verifiedToken: VerifiedToken | undefined;
    try {
      const principal = await admit(request, verifier, scopes, (token) => {
        verifiedToken = token;
      });
      return { principal, verifiedToken };
    } catch (error) {
      if (optional && isMissing(error)) return { principal: undefined, verifiedToken: undefined };
      const refusal = refusalOf(error);
      if (refusal.status === 500) throw error;
      return { refusal, error, answer: await onRefused?.(error as ArcgateError, ...at) };
    }
  };
  return async (request, ...at) => {
    try {
      return await decide(request, at);
    } catch (thrown) {
      throw failureOf(thrown);
    }
  };
}

// Frameworks tell a failure by its value: to Express nothing is "go on", and "route" is "the next route". What is no object says
// so little that it is no failure's value either.
function failureOf(thrown: unknown): unknown {
  if (typeof thrown === "object" && thrown !== null) return thrown;
  return new ArcgateError("ERR_INTERNAL", "the verifier, `scopes` or `onRefused` threw what is no error", {
    details: { fault: "configuration" },
    cause: thrown,
  });
}

// The list is the middleware's own: nobody changes it afterwards.
function scopesOf<At extends readonly unknown[]>(
  options: MiddlewareOptions<At>,
): string[] | ((...at: At) => readonly string[] | Promise<readonly string[]>) {
  const { scopes } = options;
  if (typeof scopes === "function") return scopes;
  return callOptions("scopes" in options ? { scopes } : {}, ["scopes"]).scopes;
}

// No credentials at all, as the core says it.
function isMissing(error: unknown): boolean {
  return (
    error instanceof ArcgateError && error.code === "ERR_UNAUTHENTICATED" && error.details?.subject === "authorization"
  );
}
