// Attack 27 on the module itself: mutated tokens, keys and answers of a provider never make it trap.
// Seeded; ARCGATE_FUZZ sets how many tokens there are. The core alone gets ten times as many, in tests/attacks/mutation.rs.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { ArcgateError, JwtVerifier, verifyJws } from "../../pkg/entry.node.js";
import { verify } from "../../pkg/platform/modules/verify.js";
import { audience, base64url, claims, issuer, jws, makeKey, secretKey, shownBy } from "../attacks/kit.mjs";
import { random } from "../attacks/random.mjs";

const COUNT = Number(process.env.ARCGATE_FUZZ ?? 100_000);
const secret = new Uint8Array(64).fill(7);
const hmac = secretKey("HS256", secret);
const es256 = makeKey("ES256", "p256");
const ed = makeKey("EdDSA", "ed");
const rsa = makeKey("RS256", "rsa");

const isOurs = (error) => {
  assert.ok(error instanceof ArcgateError, shownBy(error));
  assert.notEqual(error.code, "ERR_INTERNAL", shownBy(error));
  assert.ok(!shownBy(error).includes("eyJ"), shownBy(error));
};

test(`attack 27: ${COUNT} mutated tokens`, async () => {
  const { below, pick, mutate } = random(27);
  const verifiers = [
    await JwtVerifier.create({ providers: { one: { issuer, audience, secret } } }),
    await JwtVerifier.create({
      providers: {
        one: {
          issuer,
          audience: [audience, "b"],
          secret,
          requiredScopes: ["a"],
          scopeClaims: ["scope", "/r/s"],
          requiredClaims: { client_id: ["me", 7, null] },
          labelClaims: { team: "/r/team", é: "sub" },
          maxTokenAgeSec: 3600,
        },
      },
      tokenCache: { maxEntries: 16, maxBytes: 8192, maxAgeSec: 1 },
    }),
    await JwtVerifier.create({
      providers: { one: { issuer, audience, jwks: { keys: [es256.jwk, ed.jwk, rsa.jwk] } } },
    }),
  ];
  const seeds = [
    claims({ scope: "a b", client_id: "me", r: { s: ["a"], team: "é😀" } }),
    claims({ aud: ["x", audience], client_id: 7, scope: ["a"], nbf: 1 }),
    claims({ exp: 1 }),
    claims({ deep: { a: [{ b: [1, 2.5, null, true] }] } }),
  ];
  const headers = [
    { alg: "HS256" },
    { alg: "HS512", typ: "at+jwt", kid: "x" },
    { alg: "ES256", kid: "p256" },
    { alg: "EdDSA", kid: "ed" },
    { alg: "RS256", kid: "rsa", typ: "JWT" },
  ];
  const epoch = verify.epoch;
  const counts = {};
  for (let index = 0; index < COUNT; index += 1) {
    const header = mutateSome(Buffer.from(JSON.stringify(pick(headers))), below, mutate, 3);
    const payload = mutateSome(Buffer.from(JSON.stringify(pick(seeds))), below, mutate, 3);
    // Signed over the mutated parts, so that the mutations get past the signature where the header is still an HS256's.
    let token = jws(hmac, payload, header.toString("latin1"));
    if (below(4) === 0)
      token = `${base64url(header)}.${base64url(payload)}.${base64url(Buffer.alloc(pick([0, 32, 64, 256]), index))}`;
    if (below(8) === 0) token = mutateSome(Buffer.from(token), below, mutate, 4).toString(pick(["latin1", "utf8"]));
    try {
      await pick(verifiers).verify(token);
      counts.accepted = (counts.accepted ?? 0) + 1;
    } catch (error) {
      isOurs(error);
      counts[error.code] = (counts[error.code] ?? 0) + 1;
    }
  }
  assert.equal(verify.epoch, epoch, "no trap");
  for (const code of [
    "accepted",
    "ERR_TOKEN_MALFORMED",
    "ERR_TOKEN_SIGNATURE",
    "ERR_TOKEN_CLAIM",
    "ERR_TOKEN_ALGORITHM",
    "ERR_TOKEN_EXPIRED",
  ]) {
    assert.ok(counts[code] > COUNT / 1000, JSON.stringify(counts));
  }
});

test("attack 27: mutated key sets, documents, snapshots, keys and options", async () => {
  const { below, pick, mutate } = random(28);
  const keys = { keys: [rsa.jwk, es256.jwk, ed.jwk] };
  const now = Math.floor(Date.now() / 1000);
  const documents = [
    keys,
    { keys: [es256.jwk] },
    { issuer, jwks_uri: `${issuer}/keys` },
    [{ issuer, jwks: keys, fetchedAt: now, expiresAt: now + 300 }],
    {
      providers: { one: { issuer, audience, jwks: keys, algorithms: ["RS256"], typ: ["JWT"] } },
      tokenCache: { maxEntries: 5 },
    },
  ].map((document) => Buffer.from(JSON.stringify(document)));
  const tokens = [jws(rsa, claims()), jws(es256, claims()), jws(ed, claims())];
  const epoch = verify.epoch;
  let clock = Date.now();
  let body;
  const make = () =>
    JwtVerifier.create({
      providers: { one: { issuer, audience, optionalClaims: ["iat"] } },
      clockToleranceSec: 600,
      now: () => clock,
      fetch: async () =>
        new Response(body, {
          status: pick([200, 200, 200, 200, 503, 404]),
          headers: { "cache-control": pick(["max-age=1", "no-store", "=", "max-age=1e9"]) },
        }),
    });
  let verifier = await make();
  let accepted = 0;
  for (let index = 0; index < COUNT / 10; index += 1) {
    body = mutateSome(pick(documents), below, mutate, 4);
    if (index % 500 === 0) {
      clock = Date.now();
      verifier = await make();
    }
    clock += below(8_000);
    try {
      switch (below(5)) {
        case 0:
          verifier.importKeys(JSON.parse(body.toString()));
          break;
        case 1:
          await JwtVerifier.create(JSON.parse(body.toString()));
          break;
        case 2:
          await verifyJws(pick(tokens), JSON.parse(body.toString()), { algorithms: ["RS256", "ES256", "EdDSA"] });
          break;
        default:
          await verifier.verify(pick(tokens));
          accepted += 1;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) isOurs(error);
    }
    verifier.exportKeys();
  }
  assert.equal(verify.epoch, epoch, "no trap");
  assert.ok(accepted > COUNT / 1000, `${accepted}`);
  assert.ok(verify.memory().buffer.byteLength < 16 << 20);
});

function mutateSome(bytes, below, mutate, most) {
  let out = bytes;
  for (let times = below(most); times > 0; times -= 1) out = mutate(out);
  return out;
}
