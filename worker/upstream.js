// The upstreams' variables: where the agents are, and how each user is shown to them.

import { isSet, jsonVariable, settingsError } from "./variables.js";

const modes = ["assertion", "map", "passthrough"];

// Which modes each variable belongs to.
const owners = {
  UPSTREAM_KEY: "assertion",
  UPSTREAM_ISSUER: "assertion",
  UPSTREAM_AUDIENCE: "assertion",
  UPSTREAM_TOKENS: "map",
};

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

/** `{ upstream, upstreamAuth }` of the variable that names an upstream, or nothing when it is not set. */
export function upstreamFrom(env, name) {
  return isSet(env, name) ? { upstream: env[name], upstreamAuth: authFrom(env) } : {};
}

/**
 * What resume tokens are sealed with: RESUME_KEY; where it is not set, UPSTREAM_KEY is found where it is used. Users' tokens are
 * never a key: whoever has a code made with them can try others' tokens against it, as fast as a machine can.
 */
export function resumeKeyFrom(env) {
  if (isSet(env, "ARCP_UPSTREAM")) {
    if (isSet(env, "RESUME_KEY")) return env.RESUME_KEY;
    if (env.UPSTREAM_AUTH === "map") {
      throw settingsError(
        "RESUME_KEY",
        "is missing: with ARCP_UPSTREAM and UPSTREAM_AUTH=map, resume tokens need a key of their own: 32 random characters or more, such as `openssl rand -base64 32` gives (docs/upstream.md)",
      );
    }
    return undefined;
  }
  if (isSet(env, "RESUME_KEY")) throw settingsError("RESUME_KEY", "is set, but ARCP_UPSTREAM is not");
  return undefined;
}

/** Refuses variables that would be without effect. */
export function checkUpstreamVariables(env) {
  if (isSet(env, "ARC_UPSTREAM") || isSet(env, "ARCP_UPSTREAM")) return;
  for (const name of ["UPSTREAM_AUTH", ...Object.keys(owners)]) {
    if (isSet(env, name)) throw settingsError(name, "is set, but neither ARC_UPSTREAM nor ARCP_UPSTREAM is");
  }
}

/** An error about an option as one about the variable that it came from. */
export function asVariable(error) {
  const subject = error?.details?.subject;
  if (error?.code !== "ERR_CONFIG" || typeof subject !== "string") return error;
  const option = subject.replace(/^arcp?\.upstreamAuth\./, "");
  if (!Object.hasOwn(optionsOf, option)) return error;
  return settingsError(optionsOf[option], error.message.slice(`\`${subject}\` `.length));
}

function authFrom(env) {
  const mode = isSet(env, "UPSTREAM_AUTH") ? env.UPSTREAM_AUTH : "assertion";
  if (!modes.includes(mode)) throw settingsError("UPSTREAM_AUTH", `must be one of ${modes.join(", ")}`);
  const foreign = Object.keys(owners).find((name) => owners[name] !== mode && isSet(env, name));
  if (foreign)
    throw settingsError(foreign, `belongs to UPSTREAM_AUTH=${owners[foreign]}, and UPSTREAM_AUTH is ${mode}`);
  for (const [name, owner] of Object.entries(owners)) {
    if (owner === mode && !isSet(env, name)) {
      throw settingsError(name, `is missing: UPSTREAM_AUTH=${mode} needs it (docs/upstream.md)`);
    }
  }
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
  const isKey = (name) => /^(jwt|static|dev|anonymous|custom)\|/.test(name);
  for (const [name, token] of tokens) {
    if (typeof token !== "string" || token === "")
      throw settingsError("UPSTREAM_TOKENS", "must be JSON: principal id -> token");
    if (!isKey(name) && !statics.has(name) && providers > 1) {
      throw settingsError(
        "UPSTREAM_TOKENS",
        "has an id that several providers could mean: write the principal's key, as the audit log shows it (jwt|issuer|sub)",
      );
    }
  }
  return ({ key, id, kind }) => {
    if (tokens.has(key)) return tokens.get(key);
    const isMeant = statics.has(id) ? kind === "static" : kind === "jwt" && providers === 1;
    return isMeant && !isKey(id) ? tokens.get(id) : undefined;
  };
}
