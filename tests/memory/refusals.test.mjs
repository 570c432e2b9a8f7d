// A hundred thousand tokens are refused, of each kind in turn, and no memory is kept of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "../../pkg/platform/modules/verify.js";
import { authenticateRequest, errorResponse, JwtVerifier, verifyJws } from "../../pkg/verify.node.js";
import { audience, claims, issuer, jws, makeKey, secretKey } from "../attacks/kit.mjs";
import { flat, scaled } from "./flat.mjs";

const secret = new Uint8Array(32).fill(7);
const key = secretKey("HS256", secret);
const now = Math.floor(Date.now() / 1000);
const other = secretKey("HS256", new Uint8Array(32).fill(8));
const pad = (index) => ({ jti: `${index}`, pad: "x".repeat((index * 37) % 700) });

// How a token is wrong, and the code that says so.
const kinds = {
  "no token": [() => "x", "ERR_TOKEN_MALFORMED"],
  "not three parts": [(index) => `${jws(key, claims(pad(index)))}.x`, "ERR_TOKEN_MALFORMED"],
  "longer than it may be": [(index) => "x".repeat(16_000 + (index % 9000)), "ERR_TOKEN_MALFORMED"],
  "a header that is no JSON": [
    (index) => jws(key, claims(pad(index)), `{"alg":"HS256",${index}`),
    "ERR_TOKEN_MALFORMED",
  ],
  "claims that are no JSON": [(index) => jws(key, `{"iss":"${issuer}",${index}`), "ERR_TOKEN_MALFORMED"],
  "no algorithm": [(index) => jws(key, claims(pad(index)), { alg: "none" }), "ERR_TOKEN_ALGORITHM"],
  "another algorithm": [(index) => jws(key, claims(pad(index)), { alg: "RS256" }), "ERR_TOKEN_ALGORITHM"],
  "another type": [(index) => jws(key, claims(pad(index)), { typ: `x${index}+jwt` }), "ERR_TOKEN_TYPE"],
  "what it says is critical": [
    (index) => jws(key, claims(pad(index)), { crit: ["x"], x: index }),
    "ERR_TOKEN_MALFORMED",
  ],
  "another secret": [(index) => jws(other, claims(pad(index))), "ERR_TOKEN_SIGNATURE"],
  "another issuer": [(index) => jws(key, claims({ ...pad(index), iss: `${issuer}/${index}` })), "ERR_TOKEN_ISSUER"],
  "another audience": [(index) => jws(key, claims({ ...pad(index), aud: [`x${index}`, "y"] })), "ERR_TOKEN_AUDIENCE"],
  "its time is over": [(index) => jws(key, claims({ ...pad(index), exp: now - 60 - index })), "ERR_TOKEN_EXPIRED"],
  "its time has not come": [
    (index) => jws(key, claims({ ...pad(index), nbf: now + 600 + index })),
    "ERR_TOKEN_NOT_YET_VALID",
  ],
  "no subject": [(index) => jws(key, claims({ ...pad(index), sub: undefined })), "ERR_TOKEN_CLAIM"],
};

const codeOf = (work) =>
  work.then(
    () => "accepted",
    ({ code }) => code,
  );

test("tokens that are wrong in each way", async (t) => {
  const verifier = await JwtVerifier.create({
    providers: { one: { issuer, audience, secret, requiredClaims: ["sub"] } },
  });
  const all = Object.entries(kinds);
  await flat(t, memory, scaled(100_000), async (index) => {
    const [name, [make, code]] = all[index % all.length];
    assert.equal(await codeOf(verifier.verify(make(index))), code, name);
  });
});

test("requests that are refused, and their answers", async (t) => {
  const verifier = await JwtVerifier.create({ providers: { one: { issuer, audience, secret } } });
  const all = Object.values(kinds).slice(0, -1);
  await flat(t, memory, scaled(100_000), async (index) => {
    const wrong = all[index % all.length][0](index);
    const request = { url: "https://api.example/", headers: new Headers({ authorization: `Bearer ${wrong}` }) };
    const error = await authenticateRequest(request, verifier, { scopes: ["read"] }).catch((thrown) => thrown);
    assert.equal(errorResponse(error).ok, false);
  });
});

test("keys that nobody has, of a provider that is out of order every second time", async (t) => {
  const keys = ["ES256", "EdDSA"].map((alg) => makeKey(alg));
  const good = jws(keys[0], claims({ exp: now + 7200 }));
  let time = Date.now();
  let turn = 0;
  const verifier = await JwtVerifier.create({
    providers: { one: { issuer, audience, jwksUri: `${issuer}/keys` } },
    clockToleranceSec: 600,
    now: () => time,
    fetch: async () => {
      turn += 1;
      if (turn % 2) return new Response(`${turn}`, { status: 503 });
      return Response.json({
        keys: keys.map(({ jwk }) => ({ ...jwk, kid: turn % 64 ? jwk.kid : `${jwk.kid}${turn}` })),
      });
    },
  });
  const isRefusal = /^ERR_(TOKEN_SIGNATURE|KEY_NOT_FOUND|JWKS_UNAVAILABLE)$/;
  const one = async (index) => {
    time = Date.now() + (index % 500) * 6_000;
    await verifier.verify(good).catch(() => {});
    const unknown = jws(keys[1], claims(), { kid: `unknown ${index}` });
    assert.match(await codeOf(verifier.verify(index % 2 ? `${good.slice(0, -4)}AAAA` : unknown)), isRefusal);
  };
  await flat(t, memory, scaled(100_000), one, { atOnce: 1 });
});

test("a JWS whose keys are no keys", async (t) => {
  await flat(t, memory, scaled(100_000), async (index) => {
    const work = verifyJws(
      jws(other, claims(pad(index))),
      { kty: "oct", k: index % 2 ? "AAAA" : "BwcHBw" },
      { algorithms: ["HS256"] },
    );
    assert.match(await codeOf(work), /^ERR_/);
  });
});
