// @ts-nocheck
// Requests for tokens: bounded in size and time, without redirects. And the signature of a client that has a key.

import { configError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import { pastHttpCache, readBody } from "../platform/fetch.js";
import { ownName } from "../version.js";

const late = Symbol("late");

/**
 * Sends one request. Gives status, body, and what the header says of time; throws a string that says why there is no answer:
 * "timeout", "too_large", "redirect" or "network". Without `limitMs` the answer is waited for as long as it takes.
 */
export async function send(fetch, request, limitMs) {
  if (limitMs === undefined) return exchange(fetch, request);
  // A `fetch` of the user's may not listen to the signal.
  const answer = await within(limitMs, exchange(fetch, request, AbortSignal.timeout(limitMs)), late);
  if (answer === late) throw "timeout";
  return answer;
}

async function exchange(fetch, { url, body, authorization }, signal) {
  const headers = { accept: "application/json", ...ownName };
  if (authorization) headers.authorization = authorization;
  if (body !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
  try {
    const init = { method: body === undefined ? "GET" : "POST", headers, body, redirect: "manual" };
    if (signal) init.signal = signal;
    // Metadata; a POST's answer comes out of no cache.
    if (body === undefined) Object.assign(init, pastHttpCache());
    const response = await fetch(url, init);
    const { status } = response;
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) throw "redirect";
    const header = (name) => response.headers.get(name) ?? undefined;
    return { status, date: header("date"), retryAfter: header("retry-after"), body: await readBody(response) };
  } catch (thrown) {
    if (typeof thrown === "string") throw thrown;
    throw signal?.aborted ? "timeout" : "network";
  }
}

const sha = (hash) => hash.slice("SHA-".length);
const parameters = {
  "RSASSA-PKCS1-v1_5": ({ hash }) => [`RS${sha(hash.name)}`, "RSASSA-PKCS1-v1_5"],
  "RSA-PSS": ({ hash }) => [`PS${sha(hash.name)}`, { name: "RSA-PSS", saltLength: sha(hash.name) / 8 }],
  ECDSA: ({ namedCurve }) => {
    const bits = { "P-256": 256, "P-384": 384, "P-521": 512 }[namedCurve];
    return [`ES${bits}`, { name: "ECDSA", hash: `SHA-${bits}` }];
  },
  Ed25519: () => ["EdDSA", "Ed25519"],
};

/** The algorithm of a client's private key, by its JOSE name, and as WebCrypto wants it. */
export function signingAlgorithm(key, wanted) {
  if (!(key instanceof CryptoKey) || key.type !== "private" || !key.usages.includes("sign")) {
    throw configError("source.privateKey", "must be a CryptoKey that is private and may sign");
  }
  const [name, algorithm] = parameters[key.algorithm.name]?.(key.algorithm) ?? [];
  if (!name) throw configError("source.privateKey", "is of a kind that JWTs are not signed with");
  if (wanted !== undefined && wanted !== name && !(wanted === "Ed25519" && name === "EdDSA")) {
    throw configError("source.algorithm", `does not fit the key, which signs ${name}`);
  }
  return { name, algorithm };
}

/** Signs text. The signature is in base64url. */
export async function sign(key, algorithm, text) {
  return base64url(new Uint8Array(await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(text))));
}

/** Bytes in base64url. */
export function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Text that nobody can guess. */
export function unguessable(bytes = 16) {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}
