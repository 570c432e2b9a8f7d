// The verifier of all recipes, as the promise that their reader would make, and tokens for it.

import { JwtVerifier } from "arcgate/verify";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const jwk = { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), kid: "k", alg: "ES256" };
const [issuer, audience] = ["https://idp.example.com", "https://api.example.com"];

export const verifier = JwtVerifier.create({ providers: { main: { issuer, audience, jwks: { keys: [jwk] } } } });

/** A token with these claims besides what every token needs. */
export async function sign(claims) {
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: issuer, aud: audience, sub: "alice", iat: now, exp: now + 600, ...claims };
  const signed = `${encode({ alg: "ES256", kid: "k", typ: "at+jwt" })}.${encode(payload)}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, pair.privateKey, Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}

export const good = await sign({ scope: "read:reports", email: "alice@example.com" });
export const early = await sign({ scope: "read:reports", nbf: Math.floor(Date.now() / 1000) + 500 });
export const scopeless = await sign({ scope: "write:reports" });
const [head, , tail] = good.split(".");
export const tampered = `${head}.${encode({ iss: issuer, aud: audience, sub: "mallory", exp: 9_999_999_999 })}.${tail}`;
