// The attackers' targets: a provider's keys and verifiers that trust it, and the last test of each file of attacks.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { ArcgateError, JwtVerifier } from "../../pkg/entry.node.js";
import { audience, countingOptions, issuer, makeKey, onEvent, refused, shownBy, takeRefusals } from "./kit.mjs";

export const rsa = makeKey("RS256", "rsa");
export const es256 = makeKey("ES256", "p256");
export const es384 = makeKey("ES384", "p384");
export const es512 = makeKey("ES512", "p521");
export const ed = makeKey("EdDSA", "ed");
// The attacker's own, under the name of one of the provider's.
export const evil = makeKey("RS256", "rsa");
export const keys = [rsa, es256, es384, es512, ed];
export const secret = Buffer.from("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");

export const jwks = { keys: keys.map(({ jwk }) => jwk) };
/** A verifier that was given the keys. */
export const local = (options = {}, provider = {}) =>
  JwtVerifier.create({ providers: { one: { issuer, audience, jwks, ...provider } }, onEvent, ...options });

/** A verifier of HMACs. */
export const shared = (options = {}) =>
  JwtVerifier.create({ providers: { one: { issuer, audience, secret: new Uint8Array(secret) } }, onEvent, ...options });

/** A verifier that fetches the keys, and what it has fetched. */
export async function remote(options) {
  const counting = countingOptions(keys, { onEvent, ...options });
  const { fetched, ...rest } = counting;
  return { verifier: await JwtVerifier.create(rest), fetched };
}

/** Expects a refusal that looks for no key: zero requests. */
export const refusedAtOnce = (verifier, fetched, token, code) =>
  refused(() => verifier.verify(token), code, { token, fetched, fetches: 0 });

/** A token's signed part and its signature. */
export function split(token) {
  const dot = token.lastIndexOf(".");
  return [token.slice(0, dot), token.slice(dot + 1)];
}

/** The last test of a file: what its attacks were told, `least` says how often at least, gives nothing of a token away. */
export function testThatNothingWasShown(least) {
  test("attack 25: no message, detail, stack, cause or event of all of the above holds a token or a part of one", () => {
    const { refusals, events } = takeRefusals();
    const counted = `${refusals.length} refusals, ${events.length} events`;
    assert.ok(refusals.length >= least.refusals && events.length >= least.events, counted);
    const shown = refusals.map(({ error }) => shownBy(error));
    for (const [index, { error, token }] of refusals.entries()) {
      assert.ok(error instanceof ArcgateError, shown[index]);
      assert.ok(!shown[index].includes("eyJ"), shown[index]);
      if (typeof token !== "string") continue;
      for (const segment of token.split(".")) {
        if (segment.length >= 8) assert.ok(!shown[index].includes(segment.slice(0, 24)), shown[index]);
      }
    }
    for (const event of events) {
      const text = JSON.stringify(event);
      assert.ok(!text.includes("eyJ") && !/[\w-]{60}/.test(text), text);
    }
    const signatures = shown.filter((text) => /[\w-]{100}/.test(text));
    assert.deepEqual(signatures, []);
  });
}
