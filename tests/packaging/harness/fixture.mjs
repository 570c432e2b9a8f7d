// What every consumer does with the package, and what it says then.

import { readFileSync } from "node:fs";

const encode = (value) => Buffer.from(value).toString("base64url");
const encodeJson = (value) => encode(JSON.stringify(value));

/** A provider's public key, a token that it signed, and one that somebody has changed. */
async function makeFixture() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const issuer = "https://issuer.example";
  const audience = "https://api.example.com";
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: audience, sub: "user-1", iat: now, exp: now + 3600 };
  const signed = `${encodeJson({ alg: "ES256", kid: "key-1", typ: "at+jwt" })}.${encodeJson(claims)}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, pair.privateKey, Buffer.from(signed));
  const [header] = signed.split(".");
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return {
    provider: { issuer, audience, jwks: { keys: [{ kty, crv, x, y, kid: "key-1", alg: "ES256", use: "sig" }] } },
    token: `${signed}.${encode(signature)}`,
    tampered: `${header}.${encodeJson({ ...claims, sub: "user-2" })}.${encode(signature)}`,
  };
}

/** What a consumer says in which everything works. It is in none of their sources: it has to be found out. */
export const works = "user-1 is let in, a changed token is ERR_TOKEN_SIGNATURE, the manager has own-token";

/** `check.mjs` with its token, for one run. */
export async function checkModule() {
  const source = readFileSync(new URL("check.mjs", import.meta.url), "utf8");
  return source.replace("globalThis.fixture", JSON.stringify(await makeFixture(), null, 2));
}
