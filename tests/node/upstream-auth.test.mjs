// Upstream identity: what an upstream is shown for a principal, and what it is never shown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { exportJWK, generateKeyPair, importJWK, jwtVerify } from "jose";
import { JwtVerifier } from "../../pkg/entry.node.js";
import { upstreamAuth } from "../../pkg/worker/upstream-auth.js";
import { ready } from "../../pkg/worker.node.js";
import { failure } from "../lib/failure.mjs";

await ready();

const secret = new Uint8Array(32).fill(7);
const base = { mode: "assertion", key: secret, issuer: "https://gate.example", audience: "agents" };
const principal = (more = {}) =>
  Object.freeze({ key: "jwt|https://idp|42", kind: "jwt", issuer: "https://idp", id: "42", labels: {}, ...more });
const alice = principal({ scopes: ["read", "write"] });
const bob = principal({ key: "jwt|https://other|42", issuer: "https://other" });

test("an assertion speaks for one principal, for 60 s at most, and our own verifier takes it", async () => {
  const { credential, mode } = upstreamAuth(base);
  assert.equal(mode, "assertion");
  const { scheme, token } = await credential(alice, "the-callers-own");
  assert.equal(scheme, "bearer");
  const { payload, protectedHeader } = await jwtVerify(token, secret, {
    issuer: "https://gate.example",
    audience: "agents",
    clockTolerance: 0,
    requiredClaims: ["sub", "iat", "exp", "jti", "client_id"],
  });
  assert.deepEqual(protectedHeader, { alg: "HS256", typ: "at+jwt" });
  assert.deepEqual([payload.sub, payload.scope], [alice.key, "read write"]);
  assert.ok(payload.exp - payload.iat <= 60 && payload.exp > Date.now() / 1000 + 30);
  const verifier = await JwtVerifier.create({
    providers: { gate: { issuer: "https://gate.example", audience: "agents", secret } },
  });
  assert.equal((await verifier.verify(token)).principal.id, alice.key);
});

test("two users of one id are two subjects; the same one's assertion is used again", async () => {
  const { credential } = upstreamAuth(base);
  const subject = async (who) => JSON.parse(Buffer.from((await credential(who)).token.split(".")[1], "base64url")).sub;
  assert.notEqual(await subject(alice), await subject(bob));
  assert.equal((await credential(alice)).token, (await credential({ ...alice })).token);
  const { token: weaker } = await credential({ ...alice, scopes: ["read"] });
  assert.equal(JSON.parse(Buffer.from(weaker.split(".")[1], "base64url")).scope, "read", "scopes are not another's");
  // One whose own token ends soon must not be given what a longer token of the same user earned.
  const soon = Math.floor(Date.now() / 1000) + 10;
  const { token: short } = await credential({ ...alice, expiresAt: soon });
  assert.equal(JSON.parse(Buffer.from(short.split(".")[1], "base64url")).exp, soon);
});

test("the cache of assertions is bounded", async () => {
  const { credential } = upstreamAuth(base);
  const first = await credential(alice);
  for (let index = 0; index < 1000; index += 1) await credential(principal({ key: `jwt|i|${index}`, id: `${index}` }));
  assert.notEqual((await credential(alice)).token, first.token);
});

test("asymmetric keys, as JWK and as CryptoKey", async () => {
  for (const alg of ["ES256", "ES384", "EdDSA", "RS256", "PS256"]) {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(privateKey)), kid: "k1", alg, use: "sig" };
    const sent = [
      [
        { ...base, key: jwk },
        { alg, typ: "at+jwt", kid: "k1" },
      ],
      [
        { ...base, key: jwk, keyId: "k2" },
        { alg, typ: "at+jwt", kid: "k2" },
      ],
      [
        { ...base, key: privateKey },
        { alg, typ: "at+jwt" },
      ],
    ];
    for (const [options, header] of sent) {
      const { token } = await upstreamAuth(options).credential(alice);
      const { protectedHeader } = await jwtVerify(token, await importJWK(await exportJWK(publicKey), alg));
      assert.deepEqual(protectedHeader, header);
    }
  }
});

test("what can't sign is an error of the configuration, which shows no key", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  const hmac = await crypto.subtle.importKey("raw", secret.slice(0, 16), { name: "HMAC", hash: "SHA-256" }, true, [
    "sign",
  ]);
  for (const [options, pattern] of [
    [undefined, /`up` must be an object/],
    [{}, /`up.mode` must be one of assertion, map, passthrough, dangerouslySharedToken/],
    [{ mode: "toString" }, /`up.mode`/],
    [{ mode: "shared", token: "x" }, /`up.mode`/],
    [{ ...base, keyID: "x" }, /`up.keyID` is not an option; did you mean `keyId`/],
    [{ ...base, key: secret.slice(1) }, /`up.key` must have 32 bytes/],
    [{ ...base, key: "a string of text, long enough to be one" }, /`up.key` must be/],
    [{ ...base, key: undefined }, /`up.key`/],
    [{ ...base, key: publicKey }, /`up.key` must be a CryptoKey that is private/],
    [{ ...base, key: hmac }, /`up.key` is shorter than its hash/],
    [{ ...base, key: await exportJWK(publicKey) }, /`up.key` is a public JWK/],
    [{ ...base, key: { kty: "oct", k: "c2VjcmV0" } }, /`up.key` is a shared secret/],
    [{ ...base, key: { ...jwk, crv: "secp256k1" } }, /`up.key` is a JWK of a kind/],
    [{ ...base, key: { ...jwk, alg: "ES384" } }, /`alg` does not fit/],
    [{ ...base, key: { ...jwk, use: "enc" } }, /`use`/],
    [{ ...base, key: { ...jwk, key_ops: ["verify"] } }, /`key_ops`/],
    [{ ...base, key: { ...jwk, use: () => "sig" } }, /`use` is not sig/],
    [{ ...base, key: { ...jwk, key_ops: () => ["sign"] } }, /`key_ops` lack sign/],
    [{ ...base, key: { ...jwk, kid: () => "k" } }, /`kid` is no string/],
    [{ ...base, key: { ...jwk, alg: Symbol("ES256") } }, /`alg` does not fit/],
    [{ ...base, key: { kty: "RSA", d: "x", n: "short" } }, /`up.key` is a JWK of a kind/],
    [{ ...base, issuer: "" }, /`up.issuer`/],
    [{ ...base, audience: ["a"] }, /`up.audience`/],
    [{ mode: "passthrough", token: "x" }, /`up.token` is not an option/],
    [{ mode: "map" }, /`up.tokenFor`/],
    [{ mode: "map", tokenFor: { a: "two words" } }, /`up.tokenFor`/],
    [{ mode: "dangerouslySharedToken" }, /`up.token`/],
    [{ mode: "dangerouslySharedToken", token: "Bearer x" }, /`up.token`/],
  ]) {
    assert.throws(
      () => upstreamAuth(options, "up"),
      (error) => error.code === "ERR_CONFIG" && pattern.test(error.message) && !error.message.includes(jwk.d),
      JSON.stringify(options),
    );
  }
  const broken = upstreamAuth({ ...base, key: { ...jwk, d: "AAAA" } }, "up");
  assert.match((await failure(broken.credential(alice), "ERR_CONFIG")).message, /`up.key` can't be used/);
});

test("a map has a token for a principal or refuses it; there is no default", async () => {
  const record = upstreamAuth({ mode: "map", tokenFor: { [alice.key]: "for-alice" } });
  assert.deepEqual(await record.credential(alice, "own"), { scheme: "bearer", token: "for-alice" });
  await failure(record.credential(bob, "own"), "ERR_PERMISSION_DENIED");
  await failure(record.credential(principal({ key: "toString" }), "own"), "ERR_PERMISSION_DENIED");
  await failure(record.credential(principal({ key: "__proto__" }), "own"), "ERR_PERMISSION_DENIED");
  const asked = (tokenFor) => upstreamAuth({ mode: "map", tokenFor }).credential(alice, "own");
  assert.equal((await asked(async ({ id }) => `for-${id}`)).token, "for-42");
  for (const nothing of [undefined, null, ""])
    await failure(
      asked(() => nothing),
      "ERR_PERMISSION_DENIED",
    );
  const odd = await failure(
    asked(() => "two words"),
    "ERR_CONFIG",
  );
  assert.doesNotMatch(odd.message, /two words/);
  const failed = await failure(
    asked(() => Promise.reject(new Error("down"))),
    "ERR_REFRESH_UNAVAILABLE",
  );
  assert.equal(failed.retryable, true);
  // What the user's provider refuses for good is no outage.
  const lost = Object.assign(new Error("x"), { error: "invalid_grant" });
  const ended = await failure(
    asked(() => Promise.reject(lost)),
    "ERR_REFRESH_REJECTED",
  );
  assert.deepEqual([ended.retryable, ended.details.subject, ended.cause], [false, "invalid_grant", lost]);
  const abort = new AbortController();
  const waiting = upstreamAuth({ mode: "map", tokenFor: () => new Promise(() => {}) });
  const given = failure(waiting.credential(alice, "own", abort.signal), "ERR_ABORTED");
  abort.abort();
  await given;
});

test("the caller's own token goes on by choice alone, and a shared one by its dangerous name", async () => {
  const own = upstreamAuth({ mode: "passthrough" });
  assert.equal((await own.credential(alice, "the-callers-own")).token, "the-callers-own");
  await failure(own.credential(alice, undefined), "ERR_PERMISSION_DENIED");
  const shared = upstreamAuth({ mode: "dangerouslySharedToken", token: "one-for-all" });
  assert.equal((await shared.credential(alice, "own")).token, "one-for-all");
});
