// What a peer does wrong, as errors. What it says is bounded, and cleaned of our token: it may send that back.

import type { ErrorDetails } from "../error-codes.js";
import { ArcgateError, type CoreError } from "../errors.js";
import { call } from "./modules/client.js";

// How much of what a peer says about an error is kept, in characters of JSON.
const LONGEST = 64 * 1024;

// A shorter token is no secret, and a part of too many words.
const SHORTEST_SECRET = 6;

/** A failure that the core has read from an answer. */
export interface PeerFailure extends CoreError {
  /** Whether a fresh token may help. */
  repeat?: boolean;
  arcCode?: number;
  requiredScopes?: readonly string[];
  providedScopes?: readonly string[];
}

/** What else is known of an answer that is an error. */
export interface PeerAnswer {
  status?: number;
  retryAfterSec?: number | undefined;
  /** What it says of itself, cleaned. */
  details?: unknown;
}

/** A value from a peer without the secrets that it may quote. What is too long is cut to its plain members. */
export function cleaned<T>(value: T, secrets: readonly string[]): T {
  if (value === undefined) return value;
  const hidden = secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
  const clean = (text: string) => hidden.reduce((rest, secret) => rest.replaceAll(secret, "[token]"), text);
  const replacer = (key: string, member: unknown) => {
    if (hidden.some((secret) => key.includes(secret))) return undefined;
    return typeof member === "string" ? clean(member) : member;
  };
  const text = JSON.stringify(value, replacer);
  return JSON.parse(text.length > LONGEST ? JSON.stringify(shortened(JSON.parse(text), 2)) : text);
}

function shortened(value: unknown, depth: number): unknown {
  if (typeof value === "string") return value.slice(0, 256);
  if (value === null || typeof value !== "object") return value;
  if (depth === 0 || Array.isArray(value)) return undefined;
  const members = Object.entries(value).slice(0, 16);
  return Object.fromEntries(members.map(([key, member]) => [key.slice(0, 256), shortened(member, depth - 1)]));
}

/** The error of a failure that the core has described. */
export function toError(failure: PeerFailure, peer: PeerAnswer, canRenew: boolean): ArcgateError {
  const { code, message, retryable, arcCode, requiredScopes, providedScopes } = failure;
  const { status, retryAfterSec, details: told } = peer;
  // What an agent's stream ends with is the agent's, where it is not about the token.
  const isPeers =
    retryable || (status ?? 0) >= 500 || code === "ERR_PROTOCOL" || (status === undefined && code === "ERR_REMOTE");
  const details: ErrorDetails = { fault: isPeers ? "peer" : "caller" };
  const subject = code === "ERR_TOKEN_SCOPE" ? requiredScopes?.join(" ") : undefined;
  const more = { subject, status, retryAfterSec, requiredScopes, providedScopes, peer: told };
  for (const [key, value] of Object.entries(more)) {
    if (value !== undefined && value !== null) Object.assign(details, { [key]: value });
  }
  let text = message;
  // In a server's own words: what was wrong, where its code says only what kind of thing.
  const problem = (told as { problem?: unknown } | null | undefined)?.problem;
  if (typeof problem === "string") text += `: ${problem.slice(0, 256)}`;
  if (subject) text += `; it needs ${subject}`;
  if (code === "ERR_TOKEN_EXPIRED" && !canRenew) {
    text += "; a string as `token` can't be renewed: give a TokenManager or a function";
  }
  return new ArcgateError(code, text, { retryable, arcCode, details });
}

/** A peer that breaks the protocol. */
export function broken(message: string, facts: object = {}): ArcgateError {
  return new ArcgateError("ERR_PROTOCOL", message, { details: { ...facts, fault: "peer" } });
}

/** A connection that there isn't. What a fetch of the user's own throws may quote the request: then it is no cause. */
export function unreachable(thrown: unknown, secrets: readonly string[]): ArcgateError {
  if (thrown instanceof ArcgateError) return thrown;
  const { cause: inner } = Object(thrown) as { cause?: unknown };
  const shown = [thrown, inner].map(textOf).join(" ");
  const cause = secrets.some((secret) => shown.includes(secret)) ? undefined : thrown;
  return new ArcgateError("ERR_NETWORK", "the endpoint can't be reached, or the connection broke off", {
    retryable: true,
    details: { fault: "peer" },
    cause,
  });
}

function textOf(error: unknown): string {
  const { message, stack } = Object(error) as { message?: unknown; stack?: unknown };
  return `${message ?? error} ${stack}`;
}

/** The seconds after which whoever answered with these headers wants to be asked again, if they say so. */
export function retryAfterOf(headers: Headers): number | undefined {
  const header = (name: string) => headers.get(name) ?? undefined;
  return call("retryAfterSeconds", header("retry-after"), header("date"), Date.now());
}
