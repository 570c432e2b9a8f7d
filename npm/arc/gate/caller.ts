// Who sends a request: by the verifier's word and the store's, and whether that holds still when it is asked again.

import type { ErrorCode } from "../../error-codes.js";
import { ArcgateError } from "../../errors.js";
import { hasBeenRevoked } from "../../verify/asked-again.js";
import { authenticate } from "../../verify/request.js";
import type { Credentials, Principal, Verifier, VerifierContext } from "../../verify/types.js";
import { isPending } from "../../verify/ways.js";
import type { Surroundings } from "./settings.js";

/** The user of one request. */
export class Caller {
  #credentials: Credentials;
  #context: VerifierContext;
  #here: Surroundings;
  #verifier: Verifier | undefined;
  #principal: Principal | undefined;
  /** The scopes that it must have still while something runs for it. */
  needs: readonly string[] = [];

  constructor(credentials: Credentials, context: VerifierContext, here: Surroundings) {
    this.#credentials = credentials;
    this.#context = context;
    this.#here = here;
  }

  /** The caller's own token. */
  get token(): string | undefined {
    return this.#credentials.token;
  }

  /** Who it is, once `verify` has found out: a verifier that is asked again may say it anew. */
  get principal(): Principal {
    return this.#principal as Principal;
  }

  /** Finds out who it is, at once where everybody knows. Throws what refuses it. */
  verify(request: Request): true | Promise<true> {
    const verifier = this.#here.verifierOf();
    return isPending(verifier) ? verifier.then((made) => this.#ask(made, request)) : this.#ask(verifier, request);
  }

  #ask(verifier: Verifier, request: Request): true | Promise<true> {
    this.#verifier = verifier;
    const answer = authenticate(verifier, this.#credentials, this.#context);
    return isPending(answer) ? answer.then((known) => this.#admit(known, request)) : this.#admit(answer, request);
  }

  #admit(principal: Principal, request: Request): true | Promise<true> {
    const { guard, revoked: stored } = this.#here;
    guard(principal, request);
    this.#principal = principal;
    if (!stored.applies(principal)) return true;
    return stored.isRevoked(principal, this.#credentials).then((isRevoked) => {
      if (isRevoked) throw revoked();
      return true;
    });
  }

  /** When the token's time is over, in milliseconds: the tolerance is the verifier's own where it says so. */
  endMs(toleranceMs: number): number {
    const { expiresAt } = this.principal;
    if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
    const own = this.#verifier?.clockToleranceSec;
    return expiresAt * 1000 + (typeof own === "number" ? own * 1000 : toleranceMs);
  }

  /** Whether a token that was good is revoked now, by the store's word or the verifier's own; undefined where neither can say. */
  revocation(): (() => Promise<boolean>) | undefined {
    const verifier = this.#verifier as Verifier;
    const isStored = this.#here.revoked.applies(this.principal);
    if (!isStored && verifier.asksRevocation !== true) return undefined;
    const { principal } = this;
    return async () => {
      if (isStored && (await this.#here.revoked.isRevoked(principal, this.#credentials, 500))) return true;
      if (verifier.asksRevocation !== true) return false;
      return hasBeenRevoked(verifier, this.#credentials, this.#context, {
        principal,
        needs: () => this.needs,
        renewed: (now) => {
          this.#principal = now;
        },
      });
    };
  }
}

const refusal = (code: ErrorCode, message: string) => new ArcgateError(code, message, { details: { fault: "caller" } });

/** The token was taken back. */
export const revoked = () => refusal("ERR_TOKEN_REVOKED", "the token is revoked");

/** The token ended while something was waited for. */
export const expired = () => refusal("ERR_TOKEN_EXPIRED", "the token has expired before anything was done");

/** Nobody could say. */
export const unavailable = (message: string) =>
  new ArcgateError("ERR_VERIFIER_UNAVAILABLE", message, { retryable: true, details: { fault: "configuration" } });
