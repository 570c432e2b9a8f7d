// The known attacks on JWT verifiers, on the package as it is installed: tokens that are too large, of another form, or no token at all.
// Each test's name begins with the class of tests/attacks/README.md; what needs no platform is attacked there.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { CompactEncrypt, EncryptJWT } from "jose";
import { verifyJws } from "../../pkg/entry.node.js";
import { memory } from "../../pkg/platform/modules/verify.js";
import { base64url, claims, jws, refused } from "../attacks/kit.mjs";
import { refusedAtOnce, remote, rsa, testThatNothingWasShown } from "../attacks/verifiers.mjs";

test("attack 12: size and nesting: refused without a request, and memory does not grow", async () => {
  const { verifier, fetched } = await remote();
  await refusedAtOnce(verifier, fetched, "x", "ERR_TOKEN_MALFORMED");
  const before = memory().buffer.byteLength;
  const large = [
    "a".repeat(1 << 20),
    ".".repeat(1_000_000),
    "é".repeat(1 << 20),
    "\ud800".repeat(20_000),
    "a.".repeat(500_000),
    jws(rsa, claims({ aud: Array.from({ length: 100_000 }, () => "x") })),
    jws(rsa, `{"x":${"[".repeat(10_000)}${"]".repeat(10_000)}}`),
    `${jws(rsa, claims())}${"A".repeat(50 << 20)}`,
  ];
  for (const token of large) {
    for (let round = 0; round < 3; round += 1) {
      await refused(() => verifier.verify(token), "ERR_TOKEN_MALFORMED", { fetched, fetches: 0 });
      await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED");
    }
  }
  assert.equal(memory().buffer.byteLength, before, "linear memory");
  const nested = jws(rsa, `{"x":${"[".repeat(5_000)}${"]".repeat(5_000)}}`);
  await refusedAtOnce(verifier, fetched, nested, "ERR_TOKEN_MALFORMED");
});

test("attack 12: tokens that are no strings", async () => {
  const { verifier, fetched } = await remote();
  const token = jws(rsa, claims());
  for (const other of [
    undefined,
    null,
    7,
    {},
    [],
    [token],
    Buffer.from(token),
    Object(token),
    { toString: () => token },
    Symbol("x"),
    () => token,
  ]) {
    await refusedAtOnce(verifier, fetched, other, "ERR_TOKEN_MALFORMED");
    await refused(verifyJws(other, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED");
  }
});

test("attack 13: encrypted tokens in the place of signed ones", async () => {
  const { verifier, fetched } = await remote();
  const inner = `${base64url({ alg: "none" })}.${base64url(claims())}.`;
  const nested = await new CompactEncrypt(Buffer.from(inner))
    .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", cty: "JWT", kid: "rsa" })
    .encrypt(rsa.publicKey);
  const plain = await new EncryptJWT(claims())
    .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", kid: "rsa" })
    .encrypt(rsa.publicKey);
  const direct = await new EncryptJWT(claims())
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(new Uint8Array(32));
  for (const token of [nested, plain, direct]) {
    const error = await refusedAtOnce(verifier, fetched, token, "ERR_TOKEN_MALFORMED");
    assert.match(error.message, /JWE/);
    await refused(verifyJws(token, rsa.jwk, { algorithms: ["RS256"] }), "ERR_TOKEN_MALFORMED", { token });
    for (const part of [token.split(".").slice(0, 3).join("."), token.split(".").slice(0, 4).join(".")]) {
      await refusedAtOnce(verifier, fetched, part, ["ERR_TOKEN_MALFORMED", "ERR_TOKEN_ALGORITHM"]);
    }
  }
  // A JWS around another token is no set of claims.
  await refusedAtOnce(verifier, fetched, jws(rsa, jws(rsa, claims()), { cty: "JWT" }), "ERR_TOKEN_MALFORMED");
});

test("attack 14: password iterations and compression are not there to be abused", async () => {
  const { verifier, fetched } = await remote();
  const header = { alg: "PBES2-HS512+A256KW", enc: "A256GCM", p2s: "AAAAAAAAAAA", p2c: 2 ** 31 - 1 };
  await refusedAtOnce(verifier, fetched, `${base64url(header)}.a.b.c.d`, "ERR_TOKEN_MALFORMED");
  await refusedAtOnce(verifier, fetched, `${base64url(header)}.${base64url(claims())}.AAAA`, "ERR_TOKEN_ALGORITHM");
  const { deflateRawSync } = await import("node:zlib");
  const bomb = deflateRawSync(Buffer.alloc(8 << 20, " "));
  await refusedAtOnce(verifier, fetched, jws(rsa, bomb, { zip: "DEF" }), "ERR_TOKEN_MALFORMED");
});

testThatNothingWasShown({ refusals: 80, events: 45 });
