// The known attacks on JWT verifiers, on the package as it is installed: signatures that are none, and other spellings of a good token.
// Each test's name begins with the class of tests/attacks/README.md; what needs no platform is attacked there.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { verifyJws } from "../../pkg/entry.node.js";
import { base64url, claims, jws, refused, secretKey } from "../attacks/kit.mjs";
import {
  ed,
  es256,
  es384,
  es512,
  keys,
  local,
  remote,
  rsa,
  secret,
  shared,
  split,
  testThatNothingWasShown,
} from "../attacks/verifiers.mjs";

const ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

describe("attack 06: signatures that are none", () => {
  const number = (value, length) => Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex");
  const orders = {
    p256: ORDER_P256,
    p384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    p521: (1n << 521n) - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
  };

  for (const [key, size] of [
    [es256, 32],
    [es384, 48],
    [es512, 66],
  ]) {
    test(`attack 06: psychic signatures, ${key.alg}`, async () => {
      const verifier = await local();
      const head = jws(key, claims()).split(".").slice(0, 2).join(".");
      const n = orders[key.kid];
      const largest = (1n << BigInt(8 * size)) - 1n;
      for (const r of [0n, 1n, n - 1n, n, n + 1n, largest]) {
        for (const s of [0n, 1n, n - 1n, n, n + 1n, largest]) {
          const token = `${head}.${base64url(Buffer.concat([number(r, size), number(s, size)]))}`;
          await refused(verifier.verify(token), "ERR_TOKEN_SIGNATURE", { token });
          await refused(verifyJws(token, key.jwk, { algorithms: [key.alg] }), "ERR_TOKEN_SIGNATURE", { token });
        }
      }
    });

    test(`attack 06: DER and other lengths, ${key.alg}`, async () => {
      const verifier = await local();
      const [head, good] = split(jws(key, claims()));
      const { sign } = await import("node:crypto");
      const der = sign(`sha${key.alg.slice(2)}`, Buffer.from(head), key.privateKey);
      const bytes = Buffer.from(good, "base64url");
      for (const other of [
        der,
        bytes.subarray(0, -1),
        bytes.subarray(1),
        Buffer.concat([bytes, Buffer.alloc(1)]),
        Buffer.concat([Buffer.alloc(1), bytes]),
        Buffer.concat([bytes, bytes]),
        bytes.subarray(0, size),
        Buffer.alloc(10_000),
      ]) {
        await refused(verifier.verify(`${head}.${base64url(other)}`), "ERR_TOKEN_SIGNATURE");
      }
      await refused(verifier.verify(`${head}.${base64url(Buffer.alloc(21_800))}`), "ERR_TOKEN_MALFORMED");
    });
  }

  test("attack 06: RSA, Ed25519 and HMAC", async () => {
    const verifier = await local();
    const modulus = BigInt(`0x${Buffer.from(rsa.jwk.n, "base64url").toString("hex")}`);
    for (const alg of ["RS256", "PS256"]) {
      const [head, good] = split(jws({ ...rsa, alg }, claims()));
      const value = BigInt(`0x${Buffer.from(good, "base64url").toString("hex")}`);
      const others = [0n, 1n, modulus - 1n, modulus, modulus - value].map((value) => number(value, 256));
      for (const other of [...others, number(value, 257), number(value, 255).subarray(0, 255), Buffer.alloc(512)]) {
        await refused(verifier.verify(`${head}.${base64url(other)}`), "ERR_TOKEN_SIGNATURE");
      }
    }
    const [head, good] = split(jws(ed, claims()));
    const bytes = Buffer.from(good, "base64url");
    // S + L: the malleable twin, which RFC 8032 forbids.
    const L = (1n << 252n) + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + L;
    const twin = Buffer.concat([bytes.subarray(0, 32), Buffer.from(number(s, 32)).reverse()]);
    const identity = Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]);
    for (const other of [twin, Buffer.alloc(64), identity, bytes.subarray(0, 63), Buffer.alloc(32)]) {
      await refused(verifier.verify(`${head}.${base64url(other)}`), "ERR_TOKEN_SIGNATURE");
    }
    const hmac = await shared();
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const [head, good] = split(jws(secretKey(alg, secret), claims()));
      const bytes = Buffer.from(good, "base64url");
      for (const other of [bytes.subarray(0, 16), bytes.subarray(0, -1), Buffer.alloc(bytes.length), Buffer.alloc(0)]) {
        await refused(hmac.verify(`${head}.${base64url(other)}`), "ERR_TOKEN_SIGNATURE");
      }
      bytes[bytes.length - 1] ^= 1;
      await refused(hmac.verify(`${head}.${base64url(bytes)}`), "ERR_TOKEN_SIGNATURE");
    }
  });
});

describe("attack 07: another spelling of a good token", () => {
  test("attack 07: base64url has one", async () => {
    const { verifier, fetched } = await remote();
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (const key of keys) {
      const token = jws(key, claims());
      await verifier.verify(token);
      const before = fetched.length;
      const last = alphabet.indexOf(token.at(-1));
      const variants = [
        `${token}=`,
        `${token}==`,
        `${token}\n`,
        `\n${token}`,
        `${token} `,
        `${token}\0`,
        `${token}.`,
        token.replaceAll(".", ". "),
      ];
      // The spare bits of the signature's last character.
      const spare = { 2: 4, 3: 2 }[token.split(".")[2].length % 4] ?? 0;
      for (let bits = 1; bits < 1 << spare; bits += 1) variants.push(token.slice(0, -1) + alphabet[last | bits]);
      const standard = token.replaceAll("-", "+").replaceAll("_", "/");
      if (standard !== token) variants.push(standard);
      for (const variant of variants)
        await refused(verifier.verify(variant), "ERR_TOKEN_MALFORMED", { token: variant });
      assert.equal(fetched.length, before);
    }
  });

  test("attack 07: a high s is ECDSA, and nothing that was decided about its twin holds for it", async () => {
    const asked = [];
    const verifier = await local({ isRevoked: ({ claims: { jti } }) => asked.push(jti) && jti === "revoked" });
    const twinOf = (token) => {
      const [head, good] = split(token);
      const bytes = Buffer.from(good, "base64url");
      const s = ORDER_P256 - BigInt(`0x${bytes.subarray(32).toString("hex")}`);
      bytes.set(Buffer.from(s.toString(16).padStart(64, "0"), "hex"), 32);
      return `${head}.${base64url(bytes)}`;
    };
    const token = jws(es256, claims({ jti: "one" }));
    await verifier.verify(token);
    assert.notEqual(twinOf(token), token);
    await verifier.verify(twinOf(token));
    assert.deepEqual(asked, ["one", "one"]);
    // What is revoked is the token's name, in whichever spelling it comes.
    const revoked = jws(es256, claims({ jti: "revoked" }));
    await refused(verifier.verify(revoked), "ERR_TOKEN_REVOKED", { token: revoked });
    await refused(verifier.verify(twinOf(revoked)), "ERR_TOKEN_REVOKED", { token: revoked });
  });
});

testThatNothingWasShown({ refusals: 350, events: 250 });
