// Every algorithm, with tokens that another library made; and that no bit of them can be changed.

import { decode } from "./sign.mjs";

// Flipping all bits of all tokens would take minutes: each token gets about this many flips, spread over its whole length.
const FLIPS = 160;

export function tests({ arcgate: { JwtVerifier, verifyJws }, assert, vectors: { algorithms: vectors } }) {
  const { now, issuer, audience } = vectors;
  const keys = ({ key }) => (key.kty === "oct" ? { secret: decode(key.k) } : { jwks: { keys: [key] } });
  const verifierOf = (vector, options = {}) =>
    JwtVerifier.create({ providers: { p: { issuer, audience, ...keys(vector), ...options } }, now: () => now * 1000 });

  const all = {};
  for (const vector of vectors.algorithms) {
    const { alg, token, key } = vector;

    all[`${alg}: a token made by jose verifies`] = async () => {
      const { claims, header, provider, principal, scopes, expiresAt } = await (await verifierOf(vector)).verify(token);
      assert.equal(header.alg, alg);
      assert.equal(header.typ, "at+jwt");
      assert.same(claims.nested, { deep: ["ü", null, true] });
      assert.equal(claims.jti, `jti-${alg}`);
      assert.equal(provider, "p");
      assert.same(scopes, ["read", "write"]);
      assert.equal(expiresAt, now + 300);
      assert.same([principal.kind, principal.issuer, principal.id], ["jwt", issuer, "user-1"]);
    };

    all[`${alg}: verifyJws verifies it, and takes no other algorithm`] = async () => {
      const { header, payload } = await verifyJws(token, key, { algorithms: [alg] });
      assert.equal(header.alg, alg);
      assert.equal(JSON.parse(new TextDecoder().decode(payload)).sub, "user-1");
      const others = vectors.algorithms.map((other) => other.alg).filter((name) => family(name) !== family(alg));
      await assert.refused(verifyJws(token, key, { algorithms: others }), "ERR_TOKEN_ALGORITHM");
    };

    all[`${alg}: one bit flipped anywhere, and it is refused`] = async () => {
      const verifier = await verifierOf(vector);
      await verifier.verify(token);
      const bits = token.length * 7;
      const step = Math.max(1, Math.floor(bits / FLIPS));
      const last = Array.from({ length: 7 }, (_, bit) => bits - 1 - bit);
      for (const bit of [...Array.from({ length: Math.ceil(bits / step) }, (_, index) => index * step), ...last]) {
        const at = Math.floor(bit / 7);
        const flipped =
          token.slice(0, at) + String.fromCharCode(token.charCodeAt(at) ^ (1 << (bit % 7))) + token.slice(at + 1);
        const { code } = await verifier.verify(flipped).then(
          () => assert.ok(false, `bit ${bit % 7} of character ${at} was flipped, and the token went through`),
          (error) => error,
        );
        assert.match(
          String(code),
          /^ERR_(TOKEN_(MALFORMED|SIGNATURE|ALGORITHM|ISSUER|TYPE)|KEY_NOT_FOUND)$/,
          `bit ${bit % 7} of character ${at}:`,
        );
      }
      await verifier.verify(token);
    };

    all[`${alg}: a provider that doesn't list it refuses it`] = async () => {
      const other = key.kty === "oct" ? ["HS256", "HS384", "HS512"] : ["RS256", "ES256"];
      const verifier = await verifierOf(vector, { algorithms: other.filter((name) => name !== alg) });
      await assert.refused(verifier.verify(token), "ERR_TOKEN_ALGORITHM");
    };
  }

  all["a key of another provider's making doesn't verify"] = async () => {
    const [rs256, rs384] = vectors.algorithms;
    const { alg, ...key } = rs384.key;
    const verifier = await verifierOf({ key: { ...key, kid: rs256.key.kid } });
    await assert.refused(verifier.verify(rs256.token), "ERR_TOKEN_SIGNATURE");
  };

  all["HS256 with an RSA public key as its secret is refused"] = async () => {
    const { key, token } = vectors.algorithms.find(({ alg }) => alg === "HS256");
    const rsa = vectors.algorithms.find(({ alg }) => alg === "RS256");
    await assert.refused((await verifierOf(rsa)).verify(token), "ERR_TOKEN_ALGORITHM");
    await assert.refused((await verifierOf({ key: { ...key, kty: "oct" } })).verify(rsa.token), "ERR_TOKEN_ALGORITHM");
  };

  return all;
}

// EdDSA and Ed25519 are two names of one algorithm.
function family(alg) {
  return alg === "EdDSA" ? "Ed25519" : alg;
}
