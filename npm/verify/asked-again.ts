// Whether somebody who was let in is still welcome: what the gates ask while a stream or a session lives.

import { call } from "../platform/modules/gate.js";
import { authenticate } from "./request.js";
import type { Credentials, Principal, Verifier, VerifierContext } from "./types.js";

/** Somebody who was let in: what they need still, and who is told what is known of them now. */
interface Letting {
  principal: Principal;
  needs(): readonly string[];
  renewed?(principal: Principal): void;
}

/**
 * Whether a verifier, asked again, takes credentials no more, or for somebody else's, or without a scope of `needs()`. Each
 * refusal counts, whatever its code; when the token ends is not its matter. `renewed(principal)` is told what it says now.
 * Throws when it can't tell. @internal
 */
export async function hasBeenRevoked(
  verifier: Verifier,
  credentials: Credentials,
  context: VerifierContext,
  { principal, needs, renewed = () => {} }: Letting,
): Promise<boolean> {
  let now: Principal;
  try {
    now = await authenticate(verifier, credentials, context);
  } catch (error) {
    const { code, retryable } = Object(error);
    const isRevoked = call("meansRevoked", String(code), retryable === true, principal.expiresAt !== undefined);
    if (isRevoked === undefined) throw error;
    return isRevoked;
  }
  if (call("isSomebodyElse", principal.kind, principal.key, now.key)) return true;
  // Nobody in particular stays who it is; what it may is said anew.
  renewed(principal.kind === "anonymous" ? Object.freeze({ ...principal, scopes: now.scopes }) : now);
  return call("lacksScopes", JSON.stringify(now.scopes ?? []), JSON.stringify(needs()));
}
