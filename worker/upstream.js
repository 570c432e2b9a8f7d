// The upstreams' variables: where the agents are, and how each user is shown to them.

import { call } from "../pkg/platform/modules/gate.js";
import { isSet, jsonVariable, settingsError } from "./variables.js";

const optionsOf = {
  "arc.upstream": "ARC_UPSTREAM",
  "arcp.upstream": "ARCP_UPSTREAM",
  key: "UPSTREAM_KEY",
  issuer: "UPSTREAM_ISSUER",
  audience: "UPSTREAM_AUDIENCE",
  tokenFor: "UPSTREAM_TOKENS",
  "arcp.resumeKey": "RESUME_KEY",
  "limits.maxConnections": "MAX_CONNECTIONS",
  insecureHosts: "INSECURE_HOSTS",
};

// Those that belong together: the core says whether they do.
const together = [
  "ARC_UPSTREAM",
  "ARCP_UPSTREAM",
  "UPSTREAM_AUTH",
  "UPSTREAM_KEY",
  "UPSTREAM_ISSUER",
  "UPSTREAM_AUDIENCE",
  "UPSTREAM_TOKENS",
  "RESUME_KEY",
];

/**
 * `{ arc, arcp }` with `{ upstream, upstreamAuth }` of the variable that names each upstream, where it is set. Refuses variables
 * that are missing or without effect.
 */
export function upstreamsFrom(env) {
  const set = together.filter((name) => isSet(env, name));
  const mode = call("upstreamMode", set, isSet(env, "UPSTREAM_AUTH") ? String(env.UPSTREAM_AUTH) : undefined);
  const of = (name) => (isSet(env, name) ? { upstream: env[name], upstreamAuth: authFrom(env, mode) } : {});
  // Where RESUME_KEY is not set, UPSTREAM_KEY is found where it is used.
  const resumeKey = isSet(env, "RESUME_KEY") ? env.RESUME_KEY : undefined;
  return { arc: of("ARC_UPSTREAM"), arcp: { ...of("ARCP_UPSTREAM"), resumeKey } };
}

/** An error about an option as one about the variable that it came from. */
export function asVariable(error) {
  const subject = error?.details?.subject;
  if (error?.code !== "ERR_CONFIG" || typeof subject !== "string") return error;
  const option = subject.replace(/^arcp?\.upstreamAuth\./, "");
  if (!Object.hasOwn(optionsOf, option)) return error;
  return settingsError(optionsOf[option], error.message.slice(`\`${subject}\` `.length));
}

function authFrom(env, mode) {
  if (mode === "map") return { mode, tokenFor: tokensFrom(env) };
  if (mode === "passthrough") return { mode };
  const { UPSTREAM_ISSUER: issuer, UPSTREAM_AUDIENCE: audience } = env;
  return { mode, key: keyFrom(env), issuer, audience };
}

// A private JWK as JSON, or plain text: an HS256 secret.
function keyFrom({ UPSTREAM_KEY: key }) {
  if (typeof key !== "string") return key;
  if (!key.trimStart().startsWith("{")) return new TextEncoder().encode(key);
  try {
    return JSON.parse(key);
  } catch {
    throw settingsError("UPSTREAM_KEY", "begins as a JWK does, and is not valid JSON");
  }
}

// UPSTREAM_TOKENS has principals' ids, or their whole keys where an id could be more than one principal's: a name in
// STATIC_TOKENS and a `sub` of some provider are two users, and neither may get the other's token.
function tokensFrom(env) {
  const tokens = new Map(Object.entries(jsonVariable(env, "UPSTREAM_TOKENS")));
  const entries = Object.values(jsonVariable(env, "STATIC_TOKENS") ?? {});
  const statics = new Set(entries.map((entry) => (typeof entry === "string" ? entry : entry?.id)));
  const providers = Object.keys(jsonVariable(env, "PROVIDERS") ?? {}).length;
  for (const [name, token] of tokens) {
    if (typeof token !== "string" || token === "")
      throw settingsError("UPSTREAM_TOKENS", "must be JSON: principal id -> token");
    call("checkTokenName", name, statics.has(name), providers);
  }
  return ({ key, id, kind }) => {
    if (tokens.has(key)) return tokens.get(key);
    return call("isNamedById", id, kind, statics.has(id), providers) ? tokens.get(id) : undefined;
  };
}
