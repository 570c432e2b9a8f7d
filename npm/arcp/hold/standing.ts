// Whether somebody in whose name a hold is connected is still welcome. The gate, which asks otherwise, isn't there while they are away.

import { within } from "../../platform/cancellation.js";
import { hasBeenRevoked } from "../../verify/asked-again.js";
import type { Verifier, VerifierContext } from "../../verify/types.js";
import type { SessionRevocation } from "../gate/settings.js";
import type { Shown } from "./actions.js";

/** An answer that takes longer is none. */
const ANSWER_MS = 3000;
/** The request in which the credential was shown is over. */
const CONTEXT: VerifierContext = { transport: "websocket", url: "https://session-hold/arcp" };

/** Who is asked. */
export interface Asked {
  revoked: SessionRevocation;
  verifiers(env: unknown): Verifier | Promise<Verifier>;
  env: unknown;
}

/**
 * Whether a credential was revoked: by the store's word, or by that of a verifier which wants to be asked again. After a restart the
 * credential isn't known: the store is asked about what was kept of its claims, and the verifier can't be. Throws when it can't be told.
 */
export async function isRevoked({ principal, credential, standIn }: Shown, asked: Asked): Promise<boolean> {
  const { revoked, verifiers, env } = asked;
  const bearer = (token: string | undefined) => (token === undefined ? undefined : { scheme: "bearer", token });
  const credentials = bearer(credential);
  const known = credentials ?? bearer(standIn);
  if (revoked.applies(principal, env) && (await revoked(principal, known, env)) === true) return true;
  if (credentials === undefined) return false;
  const verifier = await verifiers(env);
  if (verifier.asksRevocation !== true) return false;
  const answer = hasBeenRevoked(verifier, credentials, CONTEXT, { principal, needs: () => [] });
  return (await within(ANSWER_MS, answer, undefined)) === true;
}
