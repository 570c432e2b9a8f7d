// Attacks through the signature's bytes and the token's spelling: 06, 07.

import { Buffer } from "node:buffer";
import { sign } from "node:crypto";
import { base64url, Cases, claims, good, hmac, jws, one, split } from "./kit.mjs";

const number = (value, length) => Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex");
const orders = {
  p256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  p384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  p521: (1n << 521n) - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
};

export function signatures() {
  return [...elliptic(), ...others(), ...spelling()];
}

function elliptic() {
  const cases = new Cases("attack_06");
  for (const [key, size] of [
    [one.p256, 32],
    [one.p384, 48],
    [one.p521, 66],
  ]) {
    const [head, bytes] = split(jws(key, claims()));
    const n = orders[key.kid];
    const values = {
      zero: 0n,
      one: 1n,
      n_minus_1: n - 1n,
      n,
      n_plus_1: n + 1n,
      largest: (1n << BigInt(8 * size)) - 1n,
    };
    const native = key === one.p256;
    for (const [name, r] of Object.entries(values)) {
      const tokens = Object.values(values).map(
        (s) => `${head}.${base64url(Buffer.concat([number(r, size), number(s, size)]))}`,
      );
      cases.add([key.alg, "with r of", name, "is refused"], tokens, "ERR_TOKEN_SIGNATURE", { on: "local", native });
    }
    const der = sign(`sha${key.alg.slice(2)}`, Buffer.from(head), key.privateKey);
    for (const [name, wrong] of Object.entries({
      der,
      cut_at_its_end: bytes.subarray(0, -1),
      cut_at_its_start: bytes.subarray(1),
      with_a_byte_behind: Buffer.concat([bytes, Buffer.alloc(1)]),
      with_a_byte_before: Buffer.concat([Buffer.alloc(1), bytes]),
      twice: Buffer.concat([bytes, bytes]),
      half: bytes.subarray(0, size),
      of_10_kb: Buffer.alloc(10_000),
    })) {
      cases.atOnce([key.alg, "signature", name, "is refused"], `${head}.${base64url(wrong)}`, "ERR_TOKEN_SIGNATURE");
    }
    cases.atOnce(
      [key.alg, "signature of 21 kb is refused"],
      `${head}.${base64url(Buffer.alloc(21_800))}`,
      "ERR_TOKEN_MALFORMED",
    );
  }
  return cases.list;
}

function others() {
  const cases = new Cases("attack_06");
  const modulus = BigInt(`0x${Buffer.from(one.rsa.jwk.n, "base64url").toString("hex")}`);
  for (const alg of ["RS256", "PS256"]) {
    const [head, bytes] = split(jws({ ...one.rsa, alg }, claims()));
    const value = BigInt(`0x${bytes.toString("hex")}`);
    for (const [name, wrong] of Object.entries({
      zero: number(0n, 256),
      one: number(1n, 256),
      n_minus_1: number(modulus - 1n, 256),
      n: number(modulus, 256),
      negated: number(modulus - value, 256),
      with_a_byte_before: number(value, 257),
      cut: bytes.subarray(0, 255),
      of_512_bytes: Buffer.alloc(512),
    })) {
      const native = wrong.length !== 256;
      cases.add([alg, "signature", name, "is refused"], `${head}.${base64url(wrong)}`, "ERR_TOKEN_SIGNATURE", {
        on: "local",
        native,
      });
    }
  }
  const [head, bytes] = split(jws(one.ed, claims()));
  // S + L: the malleable twin, which RFC 8032 forbids.
  const L = (1n << 252n) + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString("hex")}`) + L;
  for (const [name, wrong] of Object.entries({
    with_s_over_the_order: Buffer.concat([bytes.subarray(0, 32), Buffer.from(number(s, 32)).reverse()]),
    zero: Buffer.alloc(64),
    of_the_identity: Buffer.concat([Buffer.from([1]), Buffer.alloc(63)]),
    cut: bytes.subarray(0, 63),
    half: bytes.subarray(0, 32),
  })) {
    cases.add(["EdDSA signature", name, "is refused"], `${head}.${base64url(wrong)}`, "ERR_TOKEN_SIGNATURE", {
      on: "local",
    });
  }
  for (const alg of ["HS256", "HS384", "HS512"]) {
    const [head, bytes] = split(jws(hmac(alg), claims()));
    const flipped = Buffer.from(bytes);
    flipped[flipped.length - 1] ^= 1;
    for (const [name, wrong] of Object.entries({
      of_16_bytes: bytes.subarray(0, 16),
      cut: bytes.subarray(0, -1),
      zero: Buffer.alloc(bytes.length),
      with_a_bit_flipped: flipped,
    })) {
      cases.add([alg, "tag", name, "is refused"], `${head}.${base64url(wrong)}`, "ERR_TOKEN_SIGNATURE", {
        on: "shared",
      });
    }
  }
  return cases.list;
}

/** A token has one spelling. */
function spelling() {
  const cases = new Cases("attack_07");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const token = good();
  const segments = token.split(".");
  const everywhere = (change) =>
    segments.flatMap((segment, place) => change(segment).map((text) => segments.with(place, text).join(".")));
  for (const [name, extra] of Object.entries({
    padding: "=",
    two_paddings: "==",
    a_newline: "\n",
    a_carriage_return: "\r\n",
    a_blank: " ",
    a_tab: "\t",
    a_nul: "\0",
    an_escape: "%3D",
    another_character_and_padding: "A=",
  })) {
    const tokens = everywhere((text) => [
      `${text}${extra}`,
      `${extra}${text}`,
      `${text.slice(0, 9)}${extra}${text.slice(9)}`,
    ]);
    cases.atOnce([name, "in a segment is refused"], tokens, "ERR_TOKEN_MALFORMED");
  }
  for (const [name, foreign] of Object.entries({
    a_plus: "+",
    a_slash: "/",
    an_accent: "é",
    a_wide_letter: "\uff21",
    a_byte_order_mark: "\ufeff",
    a_star: "*",
    a_comma: ",",
    a_tilde: "~",
  })) {
    const tokens = everywhere((text) => [`${text.slice(0, 9)}${foreign}${text.slice(10)}`]);
    cases.atOnce([name, "in the place of a character is refused"], tokens, "ERR_TOKEN_MALFORMED");
  }
  for (const [name, around] of Object.entries({
    a_blank: " ",
    a_newline: "\n",
    a_tab: "\t",
    a_nul: "\0",
    a_byte_order_mark: "\ufeff",
    a_quote: '"',
    a_dot: ".",
  })) {
    cases.atOnce(
      [name, "around the token is refused"],
      [`${around}${token}`, `${token}${around}`],
      "ERR_TOKEN_MALFORMED",
    );
  }
  cases.atOnce("the word Bearer before the token is refused", `Bearer ${token}`, "ERR_TOKEN_MALFORMED");
  for (const [kid, key] of Object.entries(one)) {
    const token = jws(key, claims());
    const last = alphabet.indexOf(token.at(-1));
    const spare = { 2: 4, 3: 2 }[token.split(".")[2].length % 4] ?? 0;
    const tokens = Array.from(
      { length: (1 << spare) - 1 },
      (_, bits) => token.slice(0, -1) + alphabet[last | (bits + 1)],
    );
    if (tokens.length) cases.atOnce(["spare bits of a signature of", kid, "are zero"], tokens, "ERR_TOKEN_MALFORMED");
  }
  for (const padding of ["", " ", "  "]) {
    const token = good(`${JSON.stringify(claims())}${padding}`);
    const [head, payload, tail] = token.split(".");
    const spare = { 2: 4, 3: 2 }[payload.length % 4];
    if (!spare) continue;
    const last = alphabet.indexOf(payload.at(-1));
    const tokens = Array.from(
      { length: (1 << spare) - 1 },
      (_, bits) => `${head}.${payload.slice(0, -1)}${alphabet[last | (bits + 1)]}.${tail}`,
    );
    cases.atOnce([spare, "spare bits of the claims are zero"], tokens, "ERR_TOKEN_MALFORMED");
  }
  const [head, bytes] = split(good());
  bytes.set(number(orders.p256 - BigInt(`0x${bytes.subarray(32).toString("hex")}`), 32), 32);
  cases.add("a high s is ECDSA", `${head}.${base64url(bytes)}`, "accepted");
  return cases.list;
}
