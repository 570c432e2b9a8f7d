// WebCrypto: keys and signatures. The numbers are those of `Algorithm` in src/jose/alg.rs.
// This file imports nothing, so that the tests in Rust can run it in a browser by itself.

const sha = (bits) => `SHA-${bits}`;
const hmac = (bits) => ({ key: { name: "HMAC", hash: sha(bits) }, verify: "HMAC" });
const pkcs1 = (bits) => ({ key: { name: "RSASSA-PKCS1-v1_5", hash: sha(bits) }, verify: "RSASSA-PKCS1-v1_5" });
// RFC 7518 §3.5: the salt is as long as the hash.
const pss = (bits) => ({
  key: { name: "RSA-PSS", hash: sha(bits) },
  verify: { name: "RSA-PSS", saltLength: bits / 8 },
});
const ecdsa = (namedCurve, bits) => ({
  key: { name: "ECDSA", namedCurve },
  verify: { name: "ECDSA", hash: sha(bits) },
});

const algorithms = [
  ...[256, 384, 512].map(hmac),
  ...[256, 384, 512].map(pkcs1),
  ...[256, 384, 512].map(pss),
  ecdsa("P-256", 256),
  ecdsa("P-384", 384),
  ecdsa("P-521", 512),
  { key: { name: "Ed25519" }, verify: "Ed25519" },
];

/** A CryptoKey of a public JWK (as JSON), or of a secret's bytes. */
export function importKey(algorithm, jwk, secret) {
  const { key } = algorithms[algorithm];
  return secret === undefined
    ? crypto.subtle.importKey("jwk", JSON.parse(jwk), key, false, ["verify"])
    : crypto.subtle.importKey("raw", secret, key, false, ["verify"]);
}

/** Whether the signature is the key's. WebCrypto copies both inputs before it returns. */
export function checkSignature(algorithm, key, signature, data) {
  return crypto.subtle.verify(algorithms[algorithm].verify, key, signature, data);
}
