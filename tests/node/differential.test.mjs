// Tokens mutated in every way we could think of, shown to arcgate and to jose under the same terms. Where they disagree,
// arcgate must be the stricter one, and for a reason that tests/differential/disagreements.mjs has.
// Seeded; ARCGATE_DIFFERENCES sets how many tokens there are.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createLocalJWKSet, jwtVerify } from "jose";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { audience, issuer, jws, makeKey, secretKey, shownBy } from "../attacks/kit.mjs";
import { random } from "../attacks/random.mjs";
import { disagreements, laxities } from "../differential/disagreements.mjs";
import { mutations, withoutSigning } from "../differential/mutations.mjs";

const COUNT = Number(process.env.ARCGATE_DIFFERENCES ?? 100_000);
const NOW = 1_800_000_000;
const BATCH = 64;
const secret = new Uint8Array(64).map((_, index) => index);

// How often each algorithm is chosen: HMAC signs and verifies in microseconds.
const algorithms = [
  ...Array(12).fill({ ...secretKey("HS256", secret), kid: "hs" }),
  ...Array(3).fill(makeKey("EdDSA", "ed")),
  ...Array(3).fill(makeKey("ES256", "p256")),
  ...Array(2).fill(makeKey("RS256", "rsa")),
];

async function peers(key) {
  const shared = key.secret !== undefined;
  const names = key.alg === "EdDSA" ? ["EdDSA", "Ed25519"] : [key.alg];
  const ours = await JwtVerifier.create({
    providers: {
      one: { issuer, audience, algorithms: names, ...(shared ? { secret } : { jwks: { keys: [key.jwk] } }) },
    },
    now: () => NOW * 1000,
    clockToleranceSec: 30,
  });
  const keys = shared ? secret : createLocalJWKSet({ keys: [key.jwk] });
  const terms = {
    issuer,
    audience,
    algorithms: names,
    requiredClaims: ["iss", "aud", "sub", "exp", "iat"],
    clockTolerance: 30,
    currentDate: new Date(NOW * 1000),
  };
  return { ours: (token) => ours.verify(token), theirs: (token) => jwtVerify(token, keys, terms) };
}

const settled = (promise) =>
  promise.then(
    (value) => ({ accepted: true, value }),
    (error) => ({ accepted: false, error }),
  );

test(`arcgate and jose on ${COUNT} mutated tokens: where they disagree, arcgate is the stricter one`, async (t) => {
  const tools = { ...random(7519), now: NOW };
  const { pick, below } = tools;
  const verifiers = new Map();
  const bases = new Map();
  for (const key of new Set(algorithms)) {
    verifiers.set(key, await peers(key));
    bases.set(
      key,
      [{}, { scope: "a b", jti: "1" }, { aud: [audience], nbf: NOW - 1, deep: { a: [1, 2.5, null, true, "é😀"] } }].map(
        (more) => {
          const payload = { iss: issuer, aud: audience, sub: "alice", iat: NOW, exp: NOW + 600, ...more };
          const header = { alg: key.alg, kid: key.kid };
          return { key, header, payload: { ...payload, aud: audience }, text: jws(key, payload, header) };
        },
      ),
    );
  }
  const everything = Object.keys(mutations);
  const next = () => {
    const key = pick(algorithms);
    const base = pick(bases.get(key));
    // RSA signs slowly: mostly what needs no new signature.
    const name = key.alg === "RS256" && below(4) ? pick(withoutSigning) : pick(everything);
    const token = mutations[name](base, { ...tools, other: pick(bases.get(pick(algorithms))) });
    return { key, name, token };
  };

  const found = disagreements.map(() => 0);
  const unlisted = [];
  const laxer = [];
  const tally = { both: 0, neither: 0, stricter: 0, laxer: 0 };
  const byMutation = Object.fromEntries(everything.map((name) => [name, { accepted: 0, refused: 0 }]));
  for (let done = 0; done < COUNT; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, COUNT - done) }, next);
    await Promise.all(
      batch.map(async ({ key, name, token }) => {
        const { ours, theirs } = verifiers.get(key);
        const [mine, its] = await Promise.all([settled(ours(token)), settled(theirs(token))]);
        byMutation[name][mine.accepted ? "accepted" : "refused"] += 1;
        if (mine.accepted && its.accepted) {
          tally.both += 1;
          // What both accept, both read in the same way.
          assert.deepEqual(mine.value.claims, its.value.payload, token);
          assert.deepEqual(mine.value.header, its.value.protectedHeader, token);
        } else if (mine.accepted) {
          const { code, message } = its.error;
          const isKnown = ({ code: known, says, claim }) =>
            known === code && says.test(message) && claim(mine.value.claims);
          if (laxities.some(isKnown)) tally.laxer += 1;
          else laxer.push(`${name}, ${key.alg}: ${its.error.code} ${its.error.message}: ${token}`);
        } else if (its.accepted) {
          tally.stricter += 1;
          const { code, message } = mine.error;
          const index = disagreements.findIndex((one) => one.code === code && one.says.test(message));
          if (index >= 0) found[index] += 1;
          else unlisted.push(`${name}, ${key.alg}: ${code} ${message}: ${token}`);
        } else {
          tally.neither += 1;
          assert.notEqual(mine.error.code, "ERR_INTERNAL", shownBy(mine.error));
        }
      }),
    );
  }

  t.diagnostic(
    `${tally.both} accepted by both, ${tally.neither} refused by both, ${tally.stricter} refused by arcgate alone`,
  );
  for (const [index, { code, says }] of disagreements.entries()) t.diagnostic(`${found[index]} × ${code} ${says}`);
  assert.deepEqual(laxer.slice(0, 20), [], `${laxer.length} accepted by arcgate alone`);
  assert.deepEqual(unlisted.slice(0, 20), [], `${unlisted.length} disagreements without a reason`);
  if (COUNT >= 100_000) {
    const never = disagreements.filter((_, index) => found[index] === 0);
    assert.deepEqual(never, [], "listed, and never seen");
    for (const [name, counts] of Object.entries(byMutation))
      assert.ok(counts.accepted + counts.refused > 100, `${name} was hardly tried`);
    assert.ok(tally.both > COUNT / 10 && tally.neither > COUNT / 10, JSON.stringify(tally));
  }
});
