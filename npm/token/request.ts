// Requests for tokens: bounded in size and time, without redirects. And the signature of a client that has a key.

import { configError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import { type Fetch, pastHttpCache, readBody } from "../platform/fetch.js";
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

/** A client's private key, what it signs by its JOSE name, and how WebCrypto is told. */
export interface Signing {
  key: CryptoKey;
  name: string;
  algorithm: AlgorithmIdentifier | RsaPssParams | EcdsaParams;
}

type KeyParameters = Partial<RsaHashedKeyAlgorithm & EcKeyAlgorithm>;

const bitsOf = ({ hash }: KeyParameters): string => (hash?.name ?? "").slice("SHA-".length);
const parameters: Record<string, (key: KeyParameters) => [Signing["name"], Signing["algorithm"]]> = {
  "RSASSA-PKCS1-v1_5": (key) => [`RS${bitsOf(key)}`, "RSASSA-PKCS1-v1_5"],
  "RSA-PSS": (key) => [`PS${bitsOf(key)}`, { name: "RSA-PSS", saltLength: Number(bitsOf(key)) / 8 }],
  ECDSA: ({ namedCurve }) => {
    const bits = { "P-256": 256, "P-384": 384, "P-521": 512 }[namedCurve as "P-256" | "P-384" | "P-521"];
    return [`ES${bits}`, { name: "ECDSA", hash: `SHA-${bits}` }];
  },
  Ed25519: () => ["EdDSA", "Ed25519"],
};

/** A client's private key with its algorithm. */
export function signingAlgorithm(key: unknown, wanted: unknown): Signing {
  if (!(key instanceof CryptoKey) || key.type !== "private" || !key.usages.includes("sign")) {
    throw configError("source.privateKey", "must be a CryptoKey that is private and may sign");
  }
  const known = parameters[key.algorithm.name]?.(key.algorithm);
  if (!known) throw configError("source.privateKey", "is of a kind that JWTs are not signed with");
  const [name, algorithm] = known;
  if (wanted !== undefined && wanted !== name && !(wanted === "Ed25519" && name === "EdDSA")) {
    throw configError("source.algorithm", `does not fit the key, which signs ${name}`);
  }
  return { key, name, algorithm };
}

/** Signs text. The signature is in base64url. */
export async function sign({ key, algorithm }: Signing, text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.sign(algorithm, key, new TextEncoder().encode(text))));
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
