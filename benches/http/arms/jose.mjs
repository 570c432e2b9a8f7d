// jose, with the same keys and the same expectations.

import { createLocalJWKSet, jwtVerify } from "jose";

const { keys, issuer, audience } = BENCH;
const set = createLocalJWKSet({ keys });
const options = { issuer, audience, algorithms: ["ES256", "RS256"] };

export async function check(request) {
  const [scheme, token] = request.headers.get("authorization").split(" ");
  if (scheme !== "Bearer") return false;
  const { payload } = await jwtVerify(token, set, options);
  return payload.sub !== undefined;
}
