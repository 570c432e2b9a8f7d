// arcgate.

import { authenticateRequest, JwtVerifier } from "arcgate/verify";

const { keys, issuer, audience } = BENCH;
const verifier = await JwtVerifier.create({ providers: { bench: { issuer, audience, jwks: { keys } } } });

export async function check(request) {
  const principal = await authenticateRequest(request, verifier);
  return principal.id !== undefined;
}
