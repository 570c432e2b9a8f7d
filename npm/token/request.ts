// Requests for tokens: bounded in size and time, without redirects. And the signature of a client that has a key.

import { configError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import { type Fetch, pastHttpCache, readBody } from "../platform/fetch.js";
import { callJson } from "../platform/modules/client.js";
import { isCryptoKey } from "../platform/realms.js";
import { makeSignature } from "../verify/webcrypto.js";
import { ownName } from "../version.js";

const late = Symbol("late");

/** A request that the core has written: a GET without a body, or a POST. */
interface TokenRequest {
  url: string;
  body?: string;
  authorization?: string;
}

interface Answer {
  status: number;
  date: string | undefined;
  retryAfter: string | undefined;
  body: Uint8Array;
}

/**
 * Sends one request. Gives status, body, and what the header says of time; throws a string that says why there is no answer:
 * "timeout", "too_large", "redirect" or "network". Without `limitMs` the answer is waited for as long as it takes.
 */
export async function send(fetch: Fetch, request: TokenRequest, limitMs?: number): Promise<Answer> {
  if (limitMs === undefined) return exchange(fetch, request);
  // A `fetch` of the user's may not listen to the signal.
  const answer = await within(limitMs, exchange(fetch, request, AbortSignal.timeout(limitMs)), late);
  if (answer === late) throw "timeout";
  return answer;
}

async function exchange(fetch: Fetch, request: TokenRequest, signal?: AbortSignal): Promise<Answer> {
  const { url, body, authorization } = request;
  const headers: Record<string, string> = { accept: "application/json", ...ownName };
  if (authorization) headers.authorization = authorization;
  if (body !== undefined) headers["content-type"] = "application/x-www-form-urlencoded";
  try {
    const method = body === undefined ? "GET" : "POST";
    const init: RequestInit = { method, headers, body, redirect: "manual" };
    if (signal) init.signal = signal;
    // Metadata; a POST's answer comes out of no cache.
    if (body === undefined) Object.assign(init, pastHttpCache());
    const response = await fetch(url, init);
    const { status } = response;
    if (response.type === "opaqueredirect" || (status >= 300 && status < 400)) throw "redirect";
    const header = (name: string) => response.headers.get(name) ?? undefined;
    return { status, date: header("date"), retryAfter: header("retry-after"), body: await readBody(response) };
  } catch (thrown) {
    if (typeof thrown === "string") throw thrown;
    throw signal?.aborted ? "timeout" : "network";
  }
}

/** A key, what it signs by its JOSE name, and by the number that `Algorithm` in src/jose/alg.rs has for it. */
export interface Signing {
  key: CryptoKey;
  name: string;
  algorithm: number;
}

type KeyParameters = Partial<RsaHashedKeyAlgorithm & EcKeyAlgorithm & HmacKeyAlgorithm>;

/** What a CryptoKey says of itself, as the core reads it. */
export function describeKey({ algorithm, type, usages }: CryptoKey): string {
  const { name, hash, namedCurve, length, modulusLength }: KeyParameters = algorithm;
  const isPrivate = type === "private";
  const maySign = usages.includes("sign");
  return JSON.stringify({
    isPrivate,
    maySign,
    name,
    hash: hash?.name,
    curve: namedCurve,
    bits: length ?? modulusLength,
  });
}

/** A client's private key with its algorithm. */
export function signingAlgorithm(key: unknown, wanted: unknown): Signing {
  if (!isCryptoKey(key)) {
    throw configError("source.privateKey", "must be a CryptoKey that is private and may sign");
  }
  const name = wanted === undefined ? undefined : String(wanted);
  return { key, ...callJson<Omit<Signing, "key">>("clientSigningKey", describeKey(key), name) };
}

/** Signs text. The signature is in base64url. */
export async function sign({ key, algorithm }: Omit<Signing, "name">, text: string): Promise<string> {
  return base64url(new Uint8Array(await makeSignature(algorithm, key, new TextEncoder().encode(text))));
}

/** Bytes in base64url. */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** Text that nobody can guess. */
export function unguessable(bytes = 16): string {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}
