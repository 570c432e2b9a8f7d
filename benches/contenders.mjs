// Who is measured: each makes a function that verifies one token. The same file runs in Node and in workerd.

import { JwtVerifier } from "arcgate/verify";
import { JwtVerifier as AwsVerifier } from "aws-jwt-verify";
import { createLocalJWKSet, importJWK, jwtVerify } from "jose";

const subtle = {
  RS256: "RSASSA-PKCS1-v1_5",
  ES256: { name: "ECDSA", hash: "SHA-256" },
  EdDSA: "Ed25519",
  HS256: "HMAC",
};

/** Everybody who can verify tokens of this algorithm. Claims are read by all: that is what a token is verified for. */
export async function contenders({ algorithm, jwk, tokens, issuer, audience }) {
  const key = await importJWK(jwk, algorithm, { extractable: true });
  const cryptoKey = key instanceof Uint8Array ? await hmacKey(key) : key;
  const parts = tokens.map((token) => {
    const dot = token.lastIndexOf(".");
    return [decode(token.slice(dot + 1)), new TextEncoder().encode(token.slice(0, dot))];
  });
  const isShared = algorithm === "HS256";
  const make = (options) =>
    JwtVerifier.create({
      ...options,
      providers: {
        bench: { issuer, audience, ...(isShared ? { secret: decode(jwk.k) } : { jwks: { keys: [jwk] } }) },
      },
    });
  const first = await make({ tokenCache: { maxEntries: Math.floor(tokens.length / 4) } });
  const again = await make();
  const keys = isShared ? key : createLocalJWKSet({ keys: [jwk] });
  const all = {
    bare: (index) => crypto.subtle.verify(subtle[algorithm], cryptoKey, ...parts[index]),
    jose: async (index) => (await jwtVerify(tokens[index], keys, { issuer, audience })).payload.sub,
    // More tokens than its cache holds, in turn: none is found there.
    arcgate: async (index) => (await first.verify(tokens[index])).claims.sub,
    "arcgate, seen before": async () => (await again.verify(tokens[0])).claims.sub,
  };
  if (!isShared) {
    const aws = AwsVerifier.create({ issuer, audience, jwksUri: "https://unused.example/jwks" });
    aws.cacheJwks({ keys: [jwk] });
    all["aws-jwt-verify"] = async (index) => (await aws.verify(tokens[index])).sub;
  }
  return all;
}

const hmacKey = (bytes) => crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);

const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
