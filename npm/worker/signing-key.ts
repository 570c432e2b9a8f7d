// The key that the gate signs assertions with: as bytes (HS256), as a CryptoKey, or as a private JWK.

import { type ArcgateError, configError } from "../errors.js";
import { type Signing, signingAlgorithm } from "../token/request.js";

type WebCryptoAlgorithm = Signing["algorithm"];

/** A key, and what it signs with. */
export interface SigningKey {
  algorithm: { name: string; webCrypto: WebCryptoAlgorithm };
  keyId: string | undefined;
  load(): Promise<CryptoKey>;
}

type Wrong = (problem: string) => ArcgateError;

/** What a JWK is that WebCrypto can sign with. */
interface JwkAlgorithm {
  name: string;
  webCrypto: WebCryptoAlgorithm;
  importAs: RsaHashedImportParams | EcKeyImportParams | AlgorithmIdentifier;
}

const hmac = { name: "HMAC", hash: "SHA-256" };

/** Reads `key` and `keyId` of the options at `path`. Throws ERR_CONFIG for what JWTs are not signed with. */
export function signingKey({ key, keyId }: { key?: unknown; keyId?: unknown }, path: string): SigningKey {
  const wrong: Wrong = (problem) => configError(`${path}.key`, problem);
  if (keyId !== undefined && (typeof keyId !== "string" || keyId === "")) {
    throw configError(`${path}.keyId`, "must be a string that is not empty");
  }
  if (key instanceof Uint8Array) {
    if (key.length < 32) throw wrong("must have 32 bytes or more: an HS256 secret is as long as its hash");
    // A copy, which nobody changes before it is imported.
    const secret = key.slice();
    const load = () => crypto.subtle.importKey("raw", secret, hmac, false, ["sign"]);
    return { algorithm: { name: "HS256", webCrypto: "HMAC" }, keyId, load };
  }
  if (key instanceof CryptoKey) return { algorithm: algorithmOf(key, wrong), keyId, load: async () => key };
  if (key === null || typeof key !== "object" || typeof (key as JsonWebKey).kty !== "string") {
    throw wrong("must be a Uint8Array (an HS256 secret), a private CryptoKey, or a private JWK");
  }
  const { name, webCrypto, importAs } = algorithmOfJwk(key, wrong);
  const jwk = JSON.parse(
    JSON.stringify({ ...key, key_ops: undefined, ext: undefined, alg: undefined, use: undefined }),
  );
  const load = () => crypto.subtle.importKey("jwk", jwk, importAs, false, ["sign"]);
  return { algorithm: { name, webCrypto }, keyId: keyId ?? jwk.kid, load };
}

function algorithmOf(key: CryptoKey, wrong: Wrong): SigningKey["algorithm"] {
  if (key.algorithm.name === "HMAC") {
    const { hash, length } = key.algorithm as HmacKeyAlgorithm;
    const bits = Number(hash.name.slice("SHA-".length));
    if (![256, 384, 512].includes(bits)) throw wrong("is of a kind that JWTs are not signed with");
    if (!key.usages.includes("sign")) throw wrong("may not sign");
    if (length < bits) throw wrong("is shorter than its hash");
    return { name: `HS${bits}`, webCrypto: "HMAC" };
  }
  try {
    const { name, algorithm } = signingAlgorithm(key, undefined);
    if ((key.algorithm as RsaHashedKeyAlgorithm).modulusLength < 2048) throw name;
    return { name, webCrypto: algorithm };
  } catch {
    throw wrong("must be a CryptoKey that is private, may sign, and is of a kind and length that JWTs are signed with");
  }
}

// A JWK's members, whatever they are.
type Jwk = Readonly<Record<string, unknown>>;

function algorithmOfJwk(key: object, wrong: Wrong): JwkAlgorithm {
  const jwk = key as Jwk;
  if (jwk.kty === "oct") throw wrong("is a shared secret: give its bytes as a Uint8Array");
  if (typeof jwk.d !== "string") throw wrong("is a public JWK: signing takes the private one");
  if (jwk.use !== undefined && jwk.use !== "sig") throw wrong("is a JWK for something else: its `use` is not sig");
  const { key_ops: operations } = jwk;
  const maySign = Array.isArray(operations) && operations.includes("sign");
  if (operations !== undefined && !maySign) throw wrong("is a JWK whose `key_ops` lack sign");
  if (jwk.kid !== undefined && typeof jwk.kid !== "string") throw wrong("is a JWK whose `kid` is no string");
  const kind = String(jwk.kty);
  const [names, found] = (Object.hasOwn(ofJwk, kind) ? ofJwk[kind]?.(jwk) : undefined) ?? [];
  if (names === undefined || found === undefined) throw wrong("is a JWK of a kind that JWTs are not signed with here");
  if (jwk.alg !== undefined && !names.includes(String(jwk.alg))) throw wrong("is a JWK whose `alg` does not fit it");
  return found;
}

const curves: Record<string, string> = { "P-256": "256", "P-384": "384", "P-521": "512" };

const ofJwk: Record<string, (jwk: Jwk) => [names: string[], found: JwkAlgorithm] | undefined> = {
  EC: ({ crv }) => {
    const curve = String(crv);
    if (!Object.hasOwn(curves, curve)) return undefined;
    const name = `ES${curves[curve]}`;
    const webCrypto = { name: "ECDSA", hash: `SHA-${curves[curve]}` };
    return [[name], { name, webCrypto, importAs: { name: "ECDSA", namedCurve: curve } }];
  },
  OKP: ({ crv }) => {
    if (crv !== "Ed25519") return undefined;
    return [["EdDSA", "Ed25519"], { name: "EdDSA", webCrypto: "Ed25519", importAs: { name: "Ed25519" } }];
  },
  RSA: ({ alg = "RS256", n }) => {
    // 2048 bits in base64url.
    if (typeof n !== "string" || n.length < 342) return undefined;
    const names = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    const text = typeof alg === "string" ? alg : "";
    const bits = text.slice(2);
    const isPss = text.startsWith("PS");
    const name = isPss ? "RSA-PSS" : "RSASSA-PKCS1-v1_5";
    const webCrypto = isPss ? { name, saltLength: Number(bits) / 8 } : name;
    return [names, { name: text, webCrypto, importAs: { name, hash: `SHA-${bits}` } }];
  },
};
