// Attacks through a published key that is no good point of Ed25519: 18. Under one of small order a signature that nobody made is good for
// one token in a few, and WebCrypto takes such keys (Chromium 148, Firefox 140, Node 22).

import { Buffer } from "node:buffer";
import { createPublicKey, verify } from "node:crypto";
import { base64url, Cases, claims, good, one } from "./kit.mjs";

const p = (1n << 255n) - 19n;
const order8 = 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
const sign = 1n << 255n;

/** As they are written (RFC 8032 §5.1.2), and as they may not be. */
const small = {
  identity: 1n,
  order_two: p - 1n,
  order_four: 0n,
  order_four_negated: sign,
  order_eight: order8,
  order_eight_negated: order8 | sign,
  another_of_order_eight: p - order8,
  another_of_order_eight_negated: (p - order8) | sign,
  identity_negated: 1n | sign,
  order_two_negated: (p - 1n) | sign,
  identity_from_p_on: p + 1n,
  identity_from_p_on_negated: (p + 1n) | sign,
  order_four_from_p_on: p,
  order_four_from_p_on_negated: p | sign,
};
/** Points of a good order, from p on. */
const high = { three: p + 3n, eighteen: p + 18n };

const encoded = (number) => Buffer.from(number.toString(16).padStart(64, "0"), "hex").reverse();
const published = (...keys) => ({ answers: [[200, JSON.stringify({ keys })]] });
const jwkOf = (point) => ({ kty: "OKP", crv: "Ed25519", x: base64url(encoded(point)), kid: "point" });
const signed = (count, signature) => {
  const head = `${base64url({ alg: "EdDSA", kid: "point" })}.${base64url(claims({ sub: `nobody ${count}` }))}`;
  return [Buffer.from(head), `${head}.${base64url(signature)}`];
};

/** A token that holds under a point of small order, although nobody has its private key: there is none. */
function forged(name, jwk) {
  const signature = Buffer.concat([encoded(small.identity), Buffer.alloc(32)]);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  for (let count = 0; count < 10_000; count += 1) {
    const [head, token] = signed(count, signature);
    if (verify(null, head, key, signature)) return token;
  }
  throw new Error(`no token is good under ${name}`);
}

export function points() {
  const cases = new Cases("attack_18");
  for (const [name, point] of Object.entries(small)) {
    const jwk = jwkOf(point);
    const token = forged(name, jwk);
    cases.add([name, "is no key"], token, "ERR_KEY_NOT_FOUND", { ...published(jwk, one.p256.jwk), also: good() });
    cases.add([name, "alone is no set"], token, "ERR_JWKS_UNAVAILABLE", published(jwk));
    cases.add([name, "is no key to be given"], [], "ERR_CONFIG", { on: { audience: "api", jwks: { keys: [jwk] } } });
  }
  const [, token] = signed(0, Buffer.alloc(64, 7));
  for (const [name, point] of Object.entries(high)) {
    const set = published(jwkOf(point), one.p256.jwk);
    cases.add([name, "from p on is no key"], token, "ERR_KEY_NOT_FOUND", { ...set, also: good() });
  }
  // No such point: a key to all platforms, under which nothing holds.
  for (const y of [2n, 7n, p - 2n]) {
    const set = published(jwkOf(y), one.p256.jwk);
    cases.add(["off the curve", `y ${y < 9n ? y : "high"}`], token, "ERR_TOKEN_SIGNATURE", { ...set, also: good() });
  }
  return cases.list;
}
