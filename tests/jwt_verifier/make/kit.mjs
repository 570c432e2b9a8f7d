// What the tables are made with: keys, claims at a time that stands still, and the list of cases.

import { Buffer } from "node:buffer";
import { audience, base64url, issuer, jws, makeKey, secretKey } from "../../attacks/kit.mjs";

export { audience, base64url, issuer, jws };

/** The instant at which the tables begin, in seconds. */
export const NOW = 1_800_000_000;

const pairs = () => ({
  rsa: makeKey("RS256", "rsa"),
  p256: makeKey("ES256", "p256"),
  p384: makeKey("ES384", "p384"),
  p521: makeKey("ES512", "p521"),
  ed: makeKey("EdDSA", "ed"),
});

/** The provider's keys, and those of somebody else under the same names. */
export const one = pairs();
export const other = pairs();
export const secret = Buffer.from("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
export const hmac = (alg) => secretKey(alg, secret);

export const jwks = (keys = one) => ({ keys: Object.values(keys).map(({ jwk }) => jwk) });

/** Claims that the tables' verifiers accept; `undefined` takes one away. */
export const claims = (more = {}) => ({
  iss: issuer,
  aud: audience,
  sub: "alice",
  iat: NOW,
  exp: NOW + 600,
  ...more,
});

/** Claims as text, with one value as it is to be written. */
export function claimsBut(name, text) {
  const marker = "@value@";
  return JSON.stringify(claims({ [name]: marker })).replace(`"${marker}"`, () => text);
}

/** Claims as text, with more members behind them. */
export const claimsWith = (members) => `${JSON.stringify(claims()).slice(0, -1)},${members}}`;

/** A token well signed by the provider's P-256 key. `header` holds more members, or is the whole header as text. */
export const good = (payload = claims(), header = {}) => jws(one.p256, payload, header);

/** The same, with more members of the header as text. */
export const goodWith = (members, payload = claims()) =>
  jws(one.p256, payload, `{"alg":"ES256","kid":"p256",${members}}`);

/** A token's signed part and its signature's bytes. */
export function split(token) {
  const dot = token.lastIndexOf(".");
  return [token.slice(0, dot), Buffer.from(token.slice(dot + 1), "base64url")];
}

/** A name in Rust, of words. */
const named = (...words) =>
  words
    .map((word) => String(word))
    .join("_")
    .replace(/[A-Z](?=[a-z])/g, (letter) => `_${letter}`)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .replace(/__+/g, "_");

/** Runs of one short text, written as a number: a token of a megabyte is a line of a few hundred characters. */
function packed(token) {
  if (token.length < 2000) return token;
  const parts = [];
  let from = 0;
  for (const { 0: run, 1: unit, index } of token.matchAll(/(.{1,8}?)\1{63,}/gsu)) {
    if (index > from) parts.push(token.slice(from, index));
    parts.push([unit, run.length / unit.length]);
    from = index + run.length;
  }
  if (from < token.length) parts.push(token.slice(from));
  return parts;
}

/** The cases of one class of attacks. */
export class Cases {
  constructor(prefix) {
    this.prefix = prefix;
    this.list = [];
  }

  /**
   * One case: `tokens` shown to a verifier, and what each must come to: a code, or "accepted". What a verifier is: the name of one
   * that tests/jwt_verifier/verifiers.rs knows, or the members of a provider's options. `answers` is what its fetches bring (the last
   * one over and over), `fetches` how many there are, `fetched` which; `also` is a token that is accepted afterwards; `native` is
   * false where jwt-compact has not the algorithm.
   */
  add(name, tokens, expect, { on = "remote", answers, ...more } = {}) {
    const full = named(this.prefix, ...[name].flat());
    if (this.list.some((one) => one.name === full)) throw new Error(`two cases are called ${full}`);
    const bodies = answers?.map((answer) => answer && [answer[0], packed(answer[1])]);
    this.list.push({ name: full, on, answers: bodies, tokens: [tokens].flat().map(packed), expect, ...more });
  }

  /** A case of which no key may be looked for. */
  atOnce(name, tokens, expect, more = {}) {
    this.add(name, tokens, expect, { fetches: 0, ...more });
  }
}
