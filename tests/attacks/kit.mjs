// What an attacker has: keys of its own, the provider's public keys, and any bytes it likes. And what a test needs of it.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { createServer } from "node:http";

export const issuer = "https://one.example";
export const audience = "api";

/** base64url of bytes, of text, or of a value as JSON. */
export function base64url(value) {
  if (value instanceof Uint8Array || typeof value === "string") return Buffer.from(value).toString("base64url");
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

const kinds = {
  RS: ["rsa", { modulusLength: 2048 }],
  PS: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  ES384: ["ec", { namedCurve: "P-384" }],
  ES512: ["ec", { namedCurve: "P-521" }],
  EdDSA: ["ed25519", {}],
};

/** A key pair for an algorithm: `{ alg, kid, privateKey, publicKey, jwk }`. */
export function makeKey(alg, kid = alg.toLowerCase()) {
  const [kind, options] = kinds[alg] ?? kinds[alg.slice(0, 2)];
  const { privateKey, publicKey } = generateKeyPairSync(kind, options);
  return { alg, kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, use: "sig" } };
}

/** A shared secret as a key. */
export function secretKey(alg, secret) {
  return { alg, secret };
}

/** The signature of a key over bytes, as RFC 7518 has it. */
export function signature({ alg, privateKey, secret }, data) {
  const hash = `sha${alg.slice(2)}`;
  if (secret) return createHmac(hash, secret).update(data).digest();
  if (alg.startsWith("RS")) return signBytes(hash, data, privateKey);
  if (alg.startsWith("PS"))
    return signBytes(hash, data, { key: privateKey, padding: 6, saltLength: Number(alg.slice(2)) / 8 });
  if (alg.startsWith("ES")) return signBytes(hash, data, { key: privateKey, dsaEncoding: "ieee-p1363" });
  return signBytes(null, data, privateKey);
}

/** A compact JWS. Header and claims are values, or the very text or bytes that are to stand there. */
export function jws(key, claims, header = {}) {
  const head = typeof header === "string" ? header : { alg: key.alg, ...(key.kid && { kid: key.kid }), ...header };
  const input = `${base64url(head)}.${base64url(claims)}`;
  return `${input}.${base64url(signature(key, Buffer.from(input)))}`;
}

/** Claims that the verifiers of these tests accept; `undefined` takes one away. */
export function claims(more = {}) {
  const now = Math.floor(Date.now() / 1000);
  return { iss: issuer, aud: audience, sub: "alice", iat: now, exp: now + 600, ...more };
}

/** The options of a verifier of one provider whose keys are fetched by a function that counts. */
export function countingOptions(keys, options = {}) {
  const fetched = [];
  const body = JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
  return {
    fetched,
    providers: { one: { issuer, audience, jwksUri: `${issuer}/keys` } },
    fetch: async (url) => {
      fetched.push(String(url));
      return new Response(body, { headers: { "content-type": "application/json" } });
    },
    ...options,
  };
}

// Every refusal and every event of the run, to be looked through at its end.
const refusals = [];
const events = [];

/** Takes events of a verifier in. */
export const onEvent = (event) => events.push(event);

/** Expects a refusal with this code (or one of these); `fetches` says how many requests it may cause, with `fetched` to count them. */
export async function refused(work, code, { token, fetched, fetches } = {}) {
  // A promise has made its requests already.
  assert.ok(fetches === undefined || typeof work === "function");
  const before = fetched?.length;
  let error;
  try {
    await (typeof work === "function" ? work() : work);
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error, `accepted${token ? `: ${String(token).slice(0, 200)}` : ""}`);
  refusals.push({ error, token });
  assert.ok([code].flat().includes(error.code), `${error.code}: ${error.message}, instead of ${code}`);
  if (fetches !== undefined) assert.equal(fetched.length - before, fetches, "requests");
  return error;
}

/** All refusals and events since the last call, with the tokens that caused them. */
export function takeRefusals() {
  return { refusals: refusals.splice(0), events: events.splice(0) };
}

/** All that an error shows: message, stack, properties, causes. */
export function shownBy(error, depth = 0) {
  if (error === null || typeof error !== "object" || depth > 5) return String(error);
  const own = Object.getOwnPropertyNames(error).map(
    (name) => `${name}: ${typeof error[name] === "object" ? shownBy(error[name], depth + 1) : String(error[name])}`,
  );
  return [String(error), ...own].join("\n");
}

/** A server on loopback that counts requests: `handle(request, response, count)`. */
export async function serve(handle) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.url);
    handle(request, response, requests.length);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, requests, close, server };
}
