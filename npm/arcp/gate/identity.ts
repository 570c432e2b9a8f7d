// Who a connection is: found out once, and asked about again and again.

import { ArcgateError } from "../../errors.js";
import { Ending, within } from "../../platform/cancellation.js";
import { hasBeenRevoked } from "../../verify/asked-again.js";
import { authenticate, toPrincipal } from "../../verify/request.js";
import type { Credentials, Principal, VerifierContext } from "../../verify/types.js";
import type { IdentityOptions } from "./settings.js";

/** An answer about revocation that takes longer is none. */
const REVOCATION_MS = 3000;

/** The user of one connection. */
export class Identity {
  #request: Request | undefined;
  #options: IdentityOptions;
  #ending = new Ending();
  #principal: Principal | undefined;
  #credentials: Credentials | undefined;
  #verifyAgain: (() => Promise<boolean>) | undefined;

  constructor(request: Request, options: IdentityOptions) {
    this.#request = request;
    this.#options = options;
  }

  /** Whether it was found, and is worth asking about again: then its credentials are kept. */
  get asks(): boolean {
    return this.#credentials !== undefined;
  }

  /** The connection has ended: whoever asked for its signal hears of it. */
  end(): void {
    this.#ending.come();
  }

  /**
   * Verifies credentials. Gives the principal, how long after its end its token is taken, and whether it is worth asking
   * again whether it was revoked. Throws what refuses it.
   */
  async find(credentials: Credentials): Promise<{ principal: Principal; toleranceMs: number; asks: boolean }> {
    const { verifierOf, guard, revoked, env, ctx, toleranceMs } = this.#options;
    const request = this.#request as Request;
    const ending = this.#ending;
    const context: VerifierContext = {
      transport: "websocket",
      url: request.url,
      get remoteAddress() {
        return request.headers.get("cf-connecting-ip") ?? undefined;
      },
      get signal() {
        return ending.signal;
      },
      waitUntil: ctx?.waitUntil && ((promise: Promise<unknown>) => ctx.waitUntil(promise)),
    };
    const verifier = await verifierOf();
    let principal = await authenticate(verifier, credentials, context);
    guard(principal, request);
    if (credentials.scheme === "none") principal = anonymous(principal);
    const isStored = revoked.applies(principal, env);
    if (isStored && (await revoked(principal, credentials, env)) === true) {
      throw new ArcgateError("ERR_TOKEN_REVOKED", "the token was revoked", { details: { fault: "caller" } });
    }
    const { clockToleranceSec: own, asksRevocation } = verifier;
    const asks = asksRevocation === true;
    // A session may live for hours: it keeps what it is asked about with, and nothing where it isn't.
    this.#request = undefined;
    this.#principal = principal;
    if (isStored || asks) this.#credentials = credentials;
    // What it was let in with and may submit with; a scope that it never had is the gate's to miss.
    const held = this.#options.needs.filter((scope) => principal.scopes?.includes(scope));
    const known = { principal, needs: () => held };
    if (asks) this.#verifyAgain = () => hasBeenRevoked(verifier, credentials, context, known);
    return {
      principal,
      toleranceMs: typeof own === "number" ? own * 1000 : toleranceMs,
      asks: isStored || asks,
    };
  }

  /** Whether the credentials were revoked; undefined when there is no answer in time. Throws when it can't be told. */
  isRevoked(): Promise<boolean | undefined> {
    return within(REVOCATION_MS, this.#ask(), undefined);
  }

  // By the store's word or by the verifier's own.
  async #ask(): Promise<boolean> {
    const { revoked, env } = this.#options;
    const principal = this.#principal as Principal;
    if (revoked.applies(principal, env) && (await revoked(principal, this.#credentials, env)) === true) return true;
    return (await this.#verifyAgain?.()) === true;
  }
}

// Nobody in particular, and nobody else's: each session with `none` is its own principal.
function anonymous({ labels, scopes, expiresAt }: Principal): Principal {
  return toPrincipal({ kind: "anonymous", id: crypto.randomUUID(), labels, scopes, expiresAt });
}
