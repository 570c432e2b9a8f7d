// WebCrypto: keys and signatures. The numbers are those of `Algorithm` in src/jose/alg.rs.
// This file imports nothing and stays JavaScript, so that the tests in Rust can run it in a browser as it is.

/** @typedef {AlgorithmIdentifier | RsaPssParams | EcdsaParams} VerifyAlgorithm */
/** @typedef {{ key: HmacImportParams | RsaHashedImportParams | EcKeyImportParams | Algorithm, verify: VerifyAlgorithm }} AlgorithmParameters */

/** @param {number} bits */
const sha = (bits) => `SHA-${bits}`;
/** @param {number} bits */
const hmac = (bits) => ({ key: { name: "HMAC", hash: sha(bits) }, verify: "HMAC" });
/** @param {number} bits */
const pkcs1 = (bits) => ({ key: { name: "RSASSA-PKCS1-v1_5", hash: sha(bits) }, verify: "RSASSA-PKCS1-v1_5" });
/**
 * RFC 7518 §3.5: the salt is as long as the hash.
 * @param {number} bits
 */
const pss = (bits) => ({
  key: { name: "RSA-PSS", hash: sha(bits) },
  verify: { name: "RSA-PSS", saltLength: bits / 8 },
});
/** @param {string} namedCurve @param {number} bits */
const ecdsa = (namedCurve, bits) => ({
  key: { name: "ECDSA", namedCurve },
  verify: { name: "ECDSA", hash: sha(bits) },
});

/** @type {AlgorithmParameters[]} */
const algorithms = [
  ...[256, 384, 512].map(hmac),
  ...[256, 384, 512].map(pkcs1),
  ...[256, 384, 512].map(pss),
  ecdsa("P-256", 256),
  ecdsa("P-384", 384),
  ecdsa("P-521", 512),
  { key: { name: "Ed25519" }, verify: "Ed25519" },
];

/** @param {number} algorithm */
const parametersOf = (algorithm) => /** @type {AlgorithmParameters} */ (algorithms[algorithm]);

/**
 * A CryptoKey that signs, of a private JWK or of a secret's bytes.
 *
 * @param {number} algorithm
 * @param {JsonWebKey | Uint8Array} key
 * @returns {Promise<CryptoKey>}
 */
export function importSigningKey(algorithm, key) {
  const { key: parameters } = parametersOf(algorithm);
  return ArrayBuffer.isView(key)
    ? crypto.subtle.importKey("raw", /** @type {Uint8Array<ArrayBuffer>} */ (key), parameters, false, ["sign"])
    : crypto.subtle.importKey("jwk", key, parameters, false, ["sign"]);
}

/**
 * The key's signature.
 *
 * @param {number} algorithm
 * @param {CryptoKey} key
 * @param {Uint8Array} data
 * @returns {Promise<ArrayBuffer>}
 */
export function makeSignature(algorithm, key, data) {
  return crypto.subtle.sign(parametersOf(algorithm).verify, key, /** @type {BufferSource} */ (data));
}

/**
 * A CryptoKey of a public JWK (as JSON), or of a secret's bytes.
 *
 * @param {number} algorithm
 * @param {string | undefined} jwk
 * @param {Uint8Array} [secret]
 * @returns {Promise<CryptoKey>}
 */
export function importKey(algorithm, jwk, secret) {
  const { key } = parametersOf(algorithm);
  return secret === undefined
    ? crypto.subtle.importKey("jwk", JSON.parse(/** @type {string} */ (jwk)), key, false, ["verify"])
    : crypto.subtle.importKey("raw", /** @type {Uint8Array<ArrayBuffer>} */ (secret), key, false, ["verify"]);
}

/**
 * Whether the signature is the key's. WebCrypto copies both inputs before it returns.
 *
 * @param {number} algorithm
 * @param {CryptoKey} key
 * @param {Uint8Array} signature
 * @param {Uint8Array} data
 * @returns {Promise<boolean>}
 */
export function checkSignature(algorithm, key, signature, data) {
  return crypto.subtle.verify(
    parametersOf(algorithm).verify,
    key,
    /** @type {BufferSource} */ (signature),
    /** @type {BufferSource} */ (data),
  );
}
