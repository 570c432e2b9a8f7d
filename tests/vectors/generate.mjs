// Makes algorithms.json: for each algorithm a token signed by the npm package `jose`, with the key that verifies it.
// Run by hand (node tests/vectors/generate.mjs, then npm run format) and committed, so that browsers need no second library. The private keys are gone.
// rfc.json is not made by it: those are the examples of RFC 7515, 7520 and 8037.

import { writeFileSync } from "node:fs";
import { exportJWK, generateKeyPair, generateSecret, SignJWT } from "jose";

const now = 1_793_000_000;
const issuer = "https://issuer.example";
const audience = "https://api.example/arc";

async function token(alg, key, kid) {
  return new SignJWT({ scope: "read write", n: 42, nested: { deep: ["ü", null, true] } })
    .setProtectedHeader({ alg, kid, typ: "at+jwt" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject("user-1")
    .setIssuedAt(now - 10)
    .setExpirationTime(now + 300)
    .setJti(`jti-${alg}`)
    .sign(key);
}

async function asymmetric(alg) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { modulusLength: 2048, extractable: true });
  const kid = `key-${alg}`;
  return {
    alg,
    key: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" },
    token: await token(alg, privateKey, kid),
  };
}

async function symmetric(alg) {
  const secret = await generateSecret(alg, { extractable: true });
  return { alg, key: await exportJWK(secret), token: await token(alg, secret, undefined) };
}

const algorithms = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"].map(
    asymmetric,
  ),
  ...["HS256", "HS384", "HS512"].map(symmetric),
];
const vectors = { now, issuer, audience, algorithms: await Promise.all(algorithms) };
writeFileSync(new URL("algorithms.json", import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`);
