// The provider's signing keys: made anew at each start, one for each algorithm that the tests ask for.

import { generateKeyPair as generate } from "node:crypto";
import { promisify } from "node:util";
import { importJWK, SignJWT } from "jose";

const generateKeyPair = promisify(generate);
let generation = 0;

/** Private JWKs for RS256, ES256 and EdDSA. */
export async function makeKeys() {
  generation += 1;
  const jwk = async (kind, options, alg) => {
    const { privateKey } = await generateKeyPair(kind, options);
    return {
      ...privateKey.export({ format: "jwk" }),
      alg,
      use: "sig",
      kid: `${alg.toLowerCase()}-${generation}-${Date.now().toString(36)}`,
    };
  };
  return Promise.all([
    jwk("rsa", { modulusLength: 2048 }, "RS256"),
    jwk("ec", { namedCurve: "P-256" }, "ES256"),
    jwk("ed25519", {}, "EdDSA"),
  ]);
}

/** Signs claims; `iss`, `aud`, `sub`, `iat` and `exp` are given unless the caller says otherwise (undefined takes one away). */
export function signer(keys, issuer, audience) {
  return async (claims = {}, { alg = "RS256", typ = "at+jwt", header = {} } = {}) => {
    const key = keys.find((candidate) => candidate.alg === alg);
    if (!key) throw new Error(`the provider has no key for ${alg}`);
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: issuer, aud: audience, sub: "demo", client_id: "demo", iat: now, exp: now + 600, ...claims };
    for (const [name, value] of Object.entries(payload)) if (value === undefined) delete payload[name];
    return new SignJWT(payload)
      .setProtectedHeader({ alg, typ, kid: key.kid, ...header })
      .sign(await importJWK(key, alg));
  };
}
