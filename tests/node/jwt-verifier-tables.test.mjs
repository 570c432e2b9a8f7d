// The tables of tests/jwt_verifier, which the crate's own users' API is held to in browsers, Node and on the host: the package and jose
// must say the same of each token, and no table may have changed by hand.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { createLocalJWKSet, jwtVerify } from "jose";
import { JwtVerifier } from "../../pkg/entry.node.js";

const fixtures = new URL("../fixtures/jwt_verifier/", import.meta.url);
const issuer = "https://one.example";
const audience = "api";

/** A token or a body, unpacked. */
const unpacked = (value) =>
  typeof value === "string"
    ? value
    : value.map((part) => (Array.isArray(part) ? part[0].repeat(part[1]) : part)).join("");

const only = (names, trusted) => ({ issuer, audience, algorithms: names, ...trusted });

/** The verifiers that the tables name: the same as in tests/jwt_verifier/verifiers.rs. */
function providers(on, { one, other, secret }) {
  const shared = { secret: new Uint8Array(Buffer.from(secret)) };
  const named = {
    remote: { issuer, audience, jwksUri: `${issuer}/keys` },
    discovering: { issuer, audience },
    local: { issuer, audience, jwks: one },
    shared: { issuer, audience, ...shared },
    strict_typ: { issuer, audience, jwks: one, typ: ["at+jwt"] },
    any_audience: { issuer, audience: null, jwks: one },
    only_es256: only(["ES256"], { jwks: one }),
    only_eddsa: only(["EdDSA", "Ed25519"], { jwks: one }),
    only_rs256: only(["RS256"], { jwks: one }),
    only_hs256: only(["HS256"], shared),
  };
  if (on === "two_issuers") {
    return { one: named.local, two: { issuer: "https://two.example", audience: "other", jwks: other } };
  }
  return { one: typeof on === "string" ? named[on] : { issuer, ...on } };
}

function world({ on, answers }, terms) {
  const queue = answers ?? [[200, JSON.stringify(terms.one)]];
  const fetched = [];
  const fetch = async (url) => {
    const answer = queue[Math.min(fetched.length, queue.length - 1)];
    fetched.push(String(url));
    if (answer === null) throw new TypeError("out of reach");
    const [status, body] = answer;
    return new Response([204, 304].includes(status) ? null : unpacked(body), { status });
  };
  const now = () => terms.now * 1000;
  return { fetched, verifier: JwtVerifier.create({ providers: providers(on, terms), fetch, now }) };
}

const codeOf = (promise) =>
  promise.then(
    () => "accepted",
    ({ code }) => code,
  );

/** What jose says of a token under the terms of one of the verifiers of one algorithm. */
async function askJose(on, { one, secret, now }, token) {
  const { algorithms, jwks } = providers(on, { one, secret }).one;
  const key = jwks ? createLocalJWKSet(jwks) : Buffer.from(secret);
  const requiredClaims = ["iss", "aud", "sub", "exp", "iat"];
  const currentDate = new Date(now * 1000);
  return codeOf(
    jwtVerify(token, key, { issuer, audience, algorithms, requiredClaims, clockTolerance: 30, currentDate }),
  );
}

for (const file of readdirSync(fixtures).filter((file) => !/timelines/.test(file))) {
  const { terms, cases } = JSON.parse(readFileSync(new URL(file, fixtures), "utf8"));
  describe(`tables: ${file}`, () => {
    test("each case comes to what is written there", async () => {
      const wrong = [];
      for (const one of cases) {
        const { fetched, verifier } = world(one, terms);
        const tokens = one.tokens?.map((token) => [token, one.expect]) ?? one.differences;
        if (one.also) tokens.push([one.also, "accepted"]);
        if (tokens.length === 0) tokens.push(["", one.expect]);
        for (const [token, expect] of tokens) {
          const code = await codeOf(verifier.then((verifier) => verifier.verify(unpacked(token))));
          if (![expect].flat().includes(code)) wrong.push(`${one.name}: ${code} instead of ${expect}`);
        }
        if (one.fetches !== undefined && fetched.length !== one.fetches)
          wrong.push(`${one.name}: ${fetched.length} fetches`);
        if (one.fetched && String(fetched) !== String(one.fetched)) wrong.push(`${one.name}: ${fetched}`);
      }
      assert.deepEqual(wrong, []);
    });

    test("no case stands twice", () => {
      const names = cases.map(({ name }) => name);
      assert.deepEqual(names, [...new Set(names)]);
    });

    if (!cases[0].differences) return;
    test("jose says what is written there", async () => {
      const wrong = [];
      let accepted = 0;
      for (const { name, on, differences } of cases) {
        for (const [token, , theirs] of differences) {
          const code = await askJose(on, terms, token);
          if (code !== theirs) wrong.push(`${name}: ${code} instead of ${theirs}`);
          accepted += code === "accepted";
        }
      }
      assert.deepEqual(wrong, []);
      assert.ok(accepted > 50, `${accepted} accepted`);
    });
  });
}
