// The key that the gate signs assertions with: as bytes (HS256), as a CryptoKey, or as a private JWK. What it signs with, the core
// says by what the key says of itself; the key stays here.

import { configError } from "../errors.js";
import { callJson } from "../platform/modules/gate.js";
import { isBytes, isCryptoKey } from "../platform/realms.js";
import { describeKey, type Signing } from "../token/request.js";
import { HS256 } from "../verify/numbers.js";
import { importSigningKey } from "../verify/webcrypto.js";

type Algorithm = Omit<Signing, "key">;

/** A key, and what it signs with. */
export interface SigningKey extends Algorithm {
  keyId: string | undefined;
  load(): Promise<CryptoKey>;
}

const hs256: Algorithm = { name: "HS256", algorithm: HS256 };

/** Reads `key` and `keyId` of the options at `path`. Throws ERR_CONFIG for what JWTs are not signed with. */
export function signingKey({ key, keyId }: { key?: unknown; keyId?: unknown }, path: string): SigningKey {
  const own = `${path}.key`;
  if (keyId !== undefined && (typeof keyId !== "string" || keyId === "")) {
    throw configError(`${path}.keyId`, "must be a string that is not empty");
  }
  if (isBytes(key)) {
    if (key.length < 32) throw configError(own, "must have 32 bytes or more: an HS256 secret is as long as its hash");
    // A copy, which nobody changes before it is imported.
    const secret = Uint8Array.from(key);
    return { ...hs256, keyId, load: () => importSigningKey(hs256.algorithm, secret) };
  }
  if (isCryptoKey(key)) {
    return { ...callJson<Algorithm>("gateSigningKey", own, describeKey(key)), keyId, load: async () => key };
  }
  if (key === null || typeof key !== "object" || typeof (key as JsonWebKey).kty !== "string") {
    throw configError(own, "must be a Uint8Array (an HS256 secret), a private CryptoKey, or a private JWK");
  }
  const jwk = key as JsonWebKey & { kid?: string };
  const found = callJson<Algorithm>("jwkSigningKey", own, withoutSecrets(jwk));
  const material = JSON.parse(
    JSON.stringify({ ...jwk, key_ops: undefined, ext: undefined, alg: undefined, use: undefined }),
  );
  return { ...found, keyId: keyId ?? jwk.kid, load: () => importSigningKey(found.algorithm, material) };
}

// What the core looks at; of the private members only that there are some. What should be text and isn't (a function, a BigInt) is
// null there: it is refused by its name, and not passed over because JSON has no word for it.
function withoutSecrets({ kty, crv, n, d, use, key_ops, alg, kid }: JsonWebKey & { kid?: unknown }): string {
  const text = (value: unknown) => (value === undefined || typeof value === "string" ? value : null);
  const operations = key_ops === undefined ? undefined : Array.isArray(key_ops) ? key_ops.map(text) : null;
  const texts = { kty: text(kty), crv: text(crv), n: text(n), use: text(use), alg: text(alg), kid: text(kid) };
  return JSON.stringify({ ...texts, d: typeof d === "string", key_ops: operations });
}
