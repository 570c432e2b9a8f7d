// Tokens such as an authorization server issues for an API (RFC 9068), all different.

import { exportJWK, generateKeyPair, generateSecret, SignJWT } from "jose";

export const issuer = "https://issuer.example.com/";
export const audience = "https://api.example.com/arc";

/** A key and tokens signed with it. */
export async function tokensOf(algorithm, count) {
  const isShared = algorithm === "HS256";
  const made = isShared
    ? await generateSecret(algorithm, { extractable: true })
    : await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(isShared ? made : made.publicKey)), alg: algorithm, kid: `bench-${algorithm}` };
  const now = Math.floor(Date.now() / 1000);
  const sign = (index) =>
    new SignJWT({
      iss: issuer,
      aud: audience,
      sub: `agent-${index}`,
      client_id: "bench-client",
      jti: `${index}-4f6c1c0e-9a6d-4a55`,
      scope: "arc.agent.caller arc.task.controller arc.chat.controller",
      iat: now,
      nbf: now,
      exp: now + 3000,
    })
      .setProtectedHeader({ alg: algorithm, kid: jwk.kid, typ: "at+jwt" })
      .sign(isShared ? made : made.privateKey);
  const tokens = [];
  for (let index = 0; index < count; index += 1) tokens.push(await sign(index));
  return { algorithm, jwk, tokens, issuer, audience };
}
