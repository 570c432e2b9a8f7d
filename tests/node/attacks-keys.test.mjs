// The known attacks on JWT verifiers, on the package as it is installed: algorithms, and keys that are not the provider's.
// Each test's name begins with the class of tests/attacks/README.md; what needs no platform is attacked there.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { JwtVerifier, verifyJws } from "../../pkg/entry.node.js";
import { audience, base64url, claims, issuer, jws, onEvent, refused, secretKey, serve } from "../attacks/kit.mjs";
import {
  ed,
  es256,
  es384,
  evil,
  jwks,
  keys,
  local,
  refusedAtOnce,
  remote,
  rsa,
  secret,
  shared,
  testThatNothingWasShown,
} from "../attacks/verifiers.mjs";

test("the attacker's own kit makes tokens that are accepted", async () => {
  const verifier = await local();
  for (const key of keys) assert.equal((await verifier.verify(jws(key, claims()))).principal.id, "alice");
  for (const alg of ["RS384", "RS512", "PS256", "PS384", "PS512"]) {
    await verifier.verify(jws({ ...rsa, alg }, claims()));
  }
  await verifier.verify(jws({ ...ed, alg: "Ed25519" }, claims()));
  const hmac = await shared();
  for (const alg of ["HS256", "HS384", "HS512"]) await hmac.verify(jws(secretKey(alg, secret), claims()));
});

test("attack 01: alg none in any case, missing alg, empty signature: zero requests", async () => {
  const { verifier, fetched } = await remote();
  const payload = base64url(claims());
  const good = jws(rsa, claims()).split(".")[2];
  for (const header of [
    { alg: "none" },
    { alg: "None" },
    { alg: "NONE" },
    { alg: "nOnE" },
    { alg: "none", kid: "rsa" },
    { alg: "" },
    { alg: null },
    { alg: ["none"] },
    {},
    { typ: "JWT" },
  ]) {
    for (const last of ["", good]) {
      await refusedAtOnce(verifier, fetched, `${base64url(header)}.${payload}.${last}`, "ERR_TOKEN_ALGORITHM");
    }
  }
  for (const alg of ["RS256", "PS512", "ES256", "ES512", "EdDSA"]) {
    const head = `${base64url({ alg, kid: "rsa" })}.${payload}`;
    await refusedAtOnce(verifier, fetched, `${head}.`, "ERR_TOKEN_SIGNATURE");
    await refusedAtOnce(verifier, fetched, head, "ERR_TOKEN_MALFORMED");
  }
  assert.equal(fetched.length, 0);
});

test("attack 02: a public key as the secret of an HMAC, in any of its spellings", async () => {
  const { verifier, fetched } = await remote();
  const pem = rsa.publicKey.export({ format: "pem", type: "spki" });
  const spellings = [
    pem,
    pem.trim(),
    `\n${pem}`,
    ` ${pem}`,
    `${pem}\n`,
    pem.replaceAll("\n", "\r\n"),
    rsa.publicKey.export({ format: "pem", type: "pkcs1" }),
    rsa.publicKey.export({ format: "der", type: "spki" }),
    JSON.stringify(rsa.jwk),
    JSON.stringify(jwks),
    Buffer.from(rsa.jwk.n, "base64url"),
    rsa.jwk.n,
    "",
  ];
  for (const spelling of spellings) {
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const key = { alg, secret: Buffer.from(spelling), kid: "rsa" };
      const token = jws(key, claims());
      await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_ALGORITHM");
      // Where the caller allows both by mistake, the key still says what it is for.
      await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256", alg] }), "ERR_KEY_NOT_FOUND", { token });
      await refused(verifyJws(token, jwks, { algorithms: ["RS256", alg] }), "ERR_KEY_NOT_FOUND", { token });
    }
  }
  await refused(local({}, { algorithms: ["RS256", "HS256"] }), "ERR_CONFIG");
  const hmac = await shared();
  await refused(hmac.verify(jws(rsa, claims())), "ERR_TOKEN_ALGORITHM");
});

test("attack 03: keys that the token brings along, or points to, are not looked at", async () => {
  const target = await serve((_request, response) => response.end(JSON.stringify({ keys: [evil.jwk] })));
  try {
    const pem = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA";
    for (const header of [
      { jwk: evil.jwk },
      { jku: `${target.url}/keys` },
      { x5u: `${target.url}/cert` },
      { x5c: [pem] },
      { jwk: evil.jwk, jku: `${target.url}/keys`, x5u: `${target.url}/cert`, x5c: [pem] },
    ]) {
      const { verifier, fetched } = await remote();
      const token = jws(evil, claims(), header);
      await refused(() => verifier.verify(token), "ERR_TOKEN_SIGNATURE", { token, fetched, fetches: 1 });
      const unknown = jws({ ...evil, kid: "evil" }, claims(), header);
      await refused(verifier.verify(unknown), ["ERR_KEY_NOT_FOUND", "ERR_JWKS_UNAVAILABLE"], { token: unknown });
      assert.deepEqual(fetched, [`${issuer}/keys`]);
      await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_SIGNATURE", { token });
    }
    assert.equal(target.requests.length, 0, "nobody was asked");
  } finally {
    await target.close();
  }
});

test("attack 05: kid as a path, as SQL, as a prototype's member, of another type, of 1 MB", async () => {
  const { verifier, fetched } = await remote();
  for (const kid of ["__proto__", "constructor", "toString", "../../etc/passwd", "x' OR '1'='1", "rsa\0", "RSA", ""]) {
    const token = jws({ ...rsa, kid }, claims(), { kid });
    await refused(verifier.verify(token), ["ERR_KEY_NOT_FOUND", "ERR_JWKS_UNAVAILABLE"], { token });
  }
  assert.equal(fetched.length, 1);
  for (const kid of [0, 1.5, true, null, [], ["rsa"], {}, { rsa: 1 }, "k".repeat(257), "k".repeat(1 << 20)]) {
    await refusedAtOnce(verifier, fetched, jws(rsa, claims(), { kid }), "ERR_TOKEN_MALFORMED");
  }
  await verifier.verify(jws(rsa, claims()));
  assert.equal(fetched.length, 1);
});

test("attack 17: another issuer's key under the same kid", async () => {
  const other = "https://two.example";
  const verifier = await JwtVerifier.create({
    providers: {
      one: { issuer, audience, jwks: { keys: [rsa.jwk, { ...es256.jwk, kid: "same" }] } },
      two: { issuer: other, audience, jwks: { keys: [evil.jwk, { ...es384.jwk, kid: "same" }] } },
    },
    onEvent,
  });
  assert.equal((await verifier.verify(jws(rsa, claims()))).provider, "one");
  assert.equal((await verifier.verify(jws(evil, claims({ iss: other })))).provider, "two");
  for (const token of [jws(evil, claims()), jws(rsa, claims({ iss: other }))]) {
    await refused(verifier.verify(token), "ERR_TOKEN_SIGNATURE", { token });
  }
  await refused(verifier.verify(jws({ ...es384, kid: "same" }, claims())), "ERR_KEY_NOT_FOUND");
  await refused(verifier.verify(jws({ ...es256, kid: "same" }, claims({ iss: other }))), "ERR_KEY_NOT_FOUND");
  // The same sub of two issuers is two principals.
  const [one, two] = [
    await verifier.verify(jws(rsa, claims())),
    await verifier.verify(jws(evil, claims({ iss: other }))),
  ];
  assert.notEqual(one.principal.key, two.principal.key);
});

test("attack 18: keys that WebCrypto refuses harm no other", async () => {
  const offCurve = { ...es256.jwk, kid: "off", y: base64url(Buffer.alloc(32, 1)) };
  const verifier = await local({}, { jwks: { keys: [offCurve, rsa.jwk, es256.jwk] } });
  await refused(verifier.verify(jws({ ...es256, kid: "off" }, claims())), "ERR_KEY_NOT_FOUND");
  await verifier.verify(jws(rsa, claims()));
  await verifier.verify(jws(es256, claims()));
  // Two keys of one name, the good one among them: neither is tried.
  const ambiguous = await local({}, { jwks: { keys: [rsa.jwk, evil.jwk] } });
  await refused(ambiguous.verify(jws(rsa, claims())), "ERR_KEY_NOT_FOUND");
});

testThatNothingWasShown({ refusals: 170, events: 120 });
