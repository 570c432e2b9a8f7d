// The upstreams' variables: where the agents are, and how each user is shown to them.

import { documents } from "../../documentation.js";
import { ArcgateError } from "../../errors.js";
import { call } from "../../platform/modules/gate.js";
import { bearerForm } from "../../token/bearer.js";
import type { Principal } from "../../verify/types.js";
import type { ServiceBinding, UpstreamAuth } from "../types.js";
import type { Variable } from "./names.js";
import { checkSecret, checkText, type Env, isSet, jsonVariable, settingsError, type Warn } from "./variables.js";

const optionsOf: Readonly<Record<string, Variable>> = {
  "arc.upstream": "ARC_UPSTREAM",
  "arcp.upstream": "ARCP_UPSTREAM",
  key: "UPSTREAM_KEY",
  issuer: "UPSTREAM_ISSUER",
  audience: "UPSTREAM_AUDIENCE",
  tokenFor: "UPSTREAM_TOKENS",
  "arcp.resumeKey": "RESUME_KEY",
  "arcp.hold": "ARCP_HOLD",
  "arc.scopes": "ARC_SCOPES",
  "limits.maxConnections": "MAX_CONNECTIONS",
  allowedOrigins: "ALLOWED_ORIGINS",
  allowedHosts: "ALLOWED_HOSTS",
  insecureHosts: "INSECURE_HOSTS",
};

// Those that belong together: the core says whether they do.
const together: readonly Variable[] = [
  "ARC_UPSTREAM",
  "ARCP_UPSTREAM",
  "UPSTREAM_AUTH",
  "UPSTREAM_KEY",
  "UPSTREAM_ISSUER",
  "UPSTREAM_AUDIENCE",
  "UPSTREAM_TOKENS",
  "RESUME_KEY",
  "ARCP_HOLD",
];

/** An upstream, and how it knows each user. */
interface Remote {
  upstream?: string | ServiceBinding;
  upstreamAuth?: UpstreamAuth;
}

/**
 * `{ arc, arcp }` with `{ upstream, upstreamAuth }` of the variable that names each upstream, where it is set. Refuses variables
 * that are missing or without effect.
 */
export function upstreamsFrom(
  env: Env,
  warn: Warn,
): { arc: Remote; arcp: Remote & { resumeKey?: string; hold?: boolean } } {
  const set = together.filter((name) => isSet(env, name));
  const mode = call("upstreamMode", set, isSet(env, "UPSTREAM_AUTH") ? String(env.UPSTREAM_AUTH) : undefined);
  // What is neither a URL nor a binding, or no text, whoever reads the options says.
  const of = (name: Variable): Remote =>
    isSet(env, name) ? { upstream: env[name] as string | ServiceBinding, upstreamAuth: authFrom(env, mode, warn) } : {};
  checkSecret("RESUME_KEY", env.RESUME_KEY ?? undefined, () => {});
  // Where RESUME_KEY is not set, UPSTREAM_KEY is found where it is used.
  const resumeKey = isSet(env, "RESUME_KEY") ? { resumeKey: env.RESUME_KEY as string } : {};
  const hold = holdFrom(env, warn) ? { hold: true } : {};
  return { arc: of("ARC_UPSTREAM"), arcp: { ...of("ARCP_UPSTREAM"), ...resumeKey, ...hold } };
}

function holdFrom(env: Env, warn: Warn): boolean {
  if (!isSet(env, "ARCP_HOLD") || env.ARCP_HOLD === "false") return false;
  if (env.ARCP_HOLD !== "true") throw settingsError("ARCP_HOLD", 'must be the text "true", or not set');
  if (typeof Object(env.SESSION_HOLD).idFromName !== "function")
    warn(
      "SESSION_HOLD",
      `is not bound, so nothing is held: bind the Durable Object SessionHold (${documents}upstream.md)`,
    );
  return true;
}

/** An error about an option as one about the variable that it came from. */
export function asVariable(error: unknown): unknown {
  if (!(error instanceof ArcgateError) || error.code !== "ERR_CONFIG") return error;
  const { subject } = Object(error.details);
  if (typeof subject !== "string") return error;
  const option = subject.replace(/^arcp?\.upstreamAuth\./, "");
  const name = Object.hasOwn(optionsOf, option) ? optionsOf[option] : undefined;
  if (name === undefined) return error;
  const lead = `\`${subject}\` `;
  const problem = error.message.startsWith(lead) ? error.message.slice(lead.length) : error.message;
  return settingsError(
    name,
    problem
      .replaceAll("`insecureHosts`", "hosts in INSECURE_HOSTS")
      .replaceAll(
        "`upstreamAuth` is the place for it",
        "leave it out, and say by UPSTREAM_AUTH how it knows each user",
      ),
  );
}

function authFrom(env: Env, mode: string | undefined, warn: Warn): UpstreamAuth {
  if (mode === "map") return { mode, tokenFor: tokensFrom(env, warn) };
  if (mode === "passthrough") return { mode };
  for (const name of ["UPSTREAM_ISSUER", "UPSTREAM_AUDIENCE"] as const) checkText(env, name);
  const { UPSTREAM_ISSUER: issuer, UPSTREAM_AUDIENCE: audience } = env;
  return { mode: "assertion", key: keyFrom(env, warn), issuer: issuer as string, audience: audience as string };
}

// A private JWK as JSON, or plain text: an HS256 secret.
function keyFrom({ UPSTREAM_KEY: key }: Env, warn: Warn): Uint8Array | JsonWebKey {
  if (typeof key !== "string") return key as JsonWebKey;
  const [first = ""] = key.trimStart();
  // A key in another form would be a shared secret by mistake, and a public one everybody's.
  if (/^\s*-----BEGIN/.test(key) || first === "[" || first === '"') {
    throw settingsError(
      "UPSTREAM_KEY",
      "is a PEM, a list or a quoted text: give one private JWK as JSON, or plain text, which is an HS256 secret",
    );
  }
  if (first !== "{") {
    checkSecret("UPSTREAM_KEY", key, warn);
    return new TextEncoder().encode(key);
  }
  let jwk: JsonWebKey;
  try {
    jwk = JSON.parse(key);
  } catch {
    throw settingsError("UPSTREAM_KEY", "begins as a JWK does, and is not valid JSON");
  }
  if (jwk.kty === undefined || jwk.kty === "oct") {
    throw settingsError(
      "UPSTREAM_KEY",
      "must be one private JWK (kty RSA, EC or OKP); a shared secret is given as plain text, without JSON",
    );
  }
  return jwk;
}

// UPSTREAM_TOKENS has principals' ids, or their whole keys where an id could be more than one principal's: a name in
// STATIC_TOKENS and a `sub` of some provider are two users, and neither may get the other's token.
function tokensFrom(env: Env, warn: Warn): (principal: Principal) => string | undefined {
  const entries: unknown[] = Object.values(jsonVariable(env, "STATIC_TOKENS") ?? {});
  const statics = new Set(entries.map((entry) => (typeof entry === "string" ? entry : Object(entry).id)));
  const providers = Object.keys(jsonVariable(env, "PROVIDERS") ?? {}).length;
  const tokens = new Map<string, string>();
  for (const [name, token] of Object.entries(jsonVariable(env, "UPSTREAM_TOKENS") ?? {})) {
    if (typeof token !== "string" || token === "")
      throw settingsError("UPSTREAM_TOKENS", "must be JSON: principal id -> token");
    if (!bearerForm.test(token)) {
      throw settingsError(
        "UPSTREAM_TOKENS",
        "holds what is no bearer token (RFC 6750 §2.1): give each without `Bearer ` and without spaces",
      );
    }
    call("checkTokenName", name, statics.has(name), providers);
    tokens.set(name, token);
  }
  if (tokens.size === 0)
    warn("UPSTREAM_TOKENS", "is empty: the upstream has a token for nobody, so everybody is refused");
  return ({ key, id, kind }) => {
    if (tokens.has(key)) return tokens.get(key);
    return call("isNamedById", id, kind, statics.has(id), providers) ? tokens.get(id) : undefined;
  };
}
