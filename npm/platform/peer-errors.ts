// @ts-nocheck
// What a peer does wrong, as errors. What it says is bounded, and cleaned of our token: it may send that back.

import { ArcgateError } from "../errors.js";
import { call } from "./call.js";

// How much of what a peer says about an error is kept, in characters of JSON.
const LONGEST = 64 * 1024;

// A shorter token is no secret, and a part of too many words.
const SHORTEST_SECRET = 6;

/** A value from a peer without the secrets that it may quote. What is too long is cut to its plain members. */
export function cleaned(value, secrets) {
  if (value === undefined) return undefined;
  const hidden = secrets.filter((secret) => secret.length >= SHORTEST_SECRET);
  const clean = (text) => hidden.reduce((rest, secret) => rest.replaceAll(secret, "[token]"), text);
  const replacer = (key, member) => {
    if (hidden.some((secret) => key.includes(secret))) return undefined;
    return typeof member === "string" ? clean(member) : member;
  };
  const text = JSON.stringify(value, replacer);
  return JSON.parse(text.length > LONGEST ? JSON.stringify(shortened(JSON.parse(text), 2)) : text);
}

function shortened(value, depth) {
  if (typeof value === "string") return value.slice(0, 256);
  if (value === null || typeof value !== "object") return value;
  if (depth === 0 || Array.isArray(value)) return undefined;
  const members = Object.entries(value).slice(0, 16);
  return Object.fromEntries(members.map(([key, member]) => [key.slice(0, 256), shortened(member, depth - 1)]));
}

/** The error of a failure that the core has described. */
export function toError({ code, message, retryable, arcCode, requiredScopes, providedScopes }, peer, canRenew) {
  const { status, retryAfterSec, details: told } = peer;
  // What an agent's stream ends with is the agent's, where it is not about the token.
  const isPeers =
    retryable || status >= 500 || code === "ERR_PROTOCOL" || (status === undefined && code === "ERR_REMOTE");
  const details = { fault: isPeers ? "peer" : "caller" };
  const subject = code === "ERR_TOKEN_SCOPE" ? requiredScopes?.join(" ") : undefined;
  const more = { subject, status, retryAfterSec, requiredScopes, providedScopes, peer: told };
  for (const [key, value] of Object.entries(more)) {
    if (value !== undefined && value !== null) details[key] = value;
  }
  let text = message;
  // In a server's own words: what was wrong, where its code says only what kind of thing.
  if (typeof told?.problem === "string") text += `: ${told.problem.slice(0, 256)}`;
  if (subject) text += `; it needs ${subject}`;
  if (code === "ERR_TOKEN_EXPIRED" && !canRenew) {
    text += "; a string as `token` can't be renewed: give a TokenManager or a function";
  }
  return new ArcgateError(code, text, { retryable, arcCode, details });
}

/** A peer that breaks the protocol. */
export function broken(message, facts = {}) {
  return new ArcgateError("ERR_PROTOCOL", message, { details: { ...facts, fault: "peer" } });
}

/** A connection that there isn't. What a fetch of the user's own throws may quote the request: then it is no cause. */
export function unreachable(thrown, secrets) {
  if (thrown instanceof ArcgateError) return thrown;
  const shown = [thrown, thrown?.cause].map((error) => `${error?.message ?? error} ${error?.stack}`).join(" ");
  const cause = secrets.some((secret) => shown.includes(secret)) ? undefined : thrown;
  return new ArcgateError("ERR_NETWORK", "the endpoint can't be reached, or the connection broke off", {
    retryable: true,
    details: { fault: "peer" },
    cause,
  });
}

/** The seconds after which whoever answered with these headers wants to be asked again, if they say so. */
export function retryAfterOf(headers) {
  const header = (name) => headers.get(name) ?? undefined;
  return call("retryAfterSeconds", header("retry-after"), header("date"), Date.now());
}
