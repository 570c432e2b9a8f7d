// Tokens with the mutations of tests/differential, and what jose says of each under the same terms; the package's own verdict is the
// one that a verifier in Rust must come to. Where the two disagree, the reason must be one that is listed there.

import { createLocalJWKSet, jwtVerify } from "jose";
import { JwtVerifier } from "../../../pkg/entry.node.js";
import { random } from "../../attacks/random.mjs";
import { disagreements, laxities } from "../../differential/disagreements.mjs";
import { mutations } from "../../differential/mutations.mjs";
import { audience, claims, issuer, jws, NOW, one, secret } from "./kit.mjs";

const EACH = 3;
const keys = { es256: one.p256, eddsa: one.ed, hs256: { alg: "HS256", secret, kid: "hs" }, rs256: one.rsa };

export const names = (key) => (key.alg === "EdDSA" ? ["EdDSA", "Ed25519"] : [key.alg]);

/** The package and jose, with the same terms. */
export async function peers(key) {
  const trusted = key.secret ? { secret: new Uint8Array(key.secret) } : { jwks: { keys: [key.jwk] } };
  const provider = { issuer, audience, algorithms: names(key), ...trusted };
  const now = () => NOW * 1000;
  const ours = await JwtVerifier.create({ providers: { one: provider }, now, clockToleranceSec: 30 });
  const theirs = key.secret ? new Uint8Array(key.secret) : createLocalJWKSet({ keys: [key.jwk] });
  const terms = {
    issuer,
    audience,
    algorithms: names(key),
    requiredClaims: ["iss", "aud", "sub", "exp", "iat"],
    clockTolerance: 30,
    currentDate: new Date(NOW * 1000),
  };
  return { ours: (token) => ours.verify(token), theirs: (token) => jwtVerify(token, theirs, terms) };
}

const settled = (promise) =>
  promise.then(
    (value) => ({ value }),
    (error) => ({ error }),
  );

/** What both say of a token: `{ ours, theirs }`, each a code or "accepted". Throws where they disagree without a listed reason. */
export async function verdicts({ ours, theirs }, token) {
  const [mine, its] = await Promise.all([settled(ours(token)), settled(theirs(token))]);
  const says = ({ error }) => error?.code ?? "accepted";
  const is = ({ code, says }, error) => code === error.code && says.test(error.message);
  if (mine.value && its.value && JSON.stringify(mine.value.claims) !== JSON.stringify(its.value.payload)) {
    throw new Error(`read in two ways: ${token}`);
  }
  if (mine.error && its.value && !disagreements.some((one) => is(one, mine.error))) throw mine.error;
  if (mine.value && its.error && !laxities.some((one) => is(one, its.error) && one.claim(mine.value.claims)))
    throw its.error;
  return { ours: says(mine), theirs: says(its) };
}

export async function differences() {
  const tools = { ...random(8725), now: NOW };
  const bases = Object.fromEntries(
    Object.entries(keys).map(([name, key]) => [
      name,
      [{}, { scope: "a b", jti: "1" }, { nbf: NOW - 1, deep: { a: [1, 2.5, null, true, "é😀"] } }].map((more) => {
        const payload = claims(more);
        const header = { alg: key.alg, kid: key.kid };
        return { key, header, payload, text: jws(key, payload, header) };
      }),
    ]),
  );
  const list = [];
  for (const [algorithm, key] of Object.entries(keys)) {
    const both = await peers(key);
    for (const [mutation, mutate] of Object.entries(mutations)) {
      const tokens = [];
      while (tokens.length < EACH) {
        const other = tools.pick(bases[tools.pick(Object.keys(keys))]);
        const token = mutate(tools.pick(bases[algorithm]), { ...tools, other });
        // Half a surrogate pair can be in no text of Rust's.
        if (!token.isWellFormed()) continue;
        const { ours, theirs } = await verdicts(both, token);
        tokens.push([token, ours, theirs]);
      }
      const snake = mutation.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      list.push({
        name: `${algorithm}_${snake}`,
        on: `only_${algorithm}`,
        differences: tokens,
        ...(algorithm === "rs256" && { native: false }),
      });
    }
  }
  return list;
}
