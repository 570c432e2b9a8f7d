// The verifier that the variables describe: static tokens first, then JWTs.

import { JwtVerifier } from "../../verify/jwt-verifier.js";
import type { ProviderOptions } from "../../verify/provider-types.js";
import type { StaticPrincipal, Verifier } from "../../verify/types.js";
import { DenyAllVerifier, FirstOf, StaticBearerVerifier } from "../../verify/verifiers.js";
import { isSecretName, type Variable } from "./names.js";
import { checkSecret, type Env, jsonVariable, listVariable, settingsError, type Warn } from "./variables.js";

/** Makes it. Without either variable nobody is let in, and `warn` is told. */
export async function verifierFrom(env: Env, warn: Warn): Promise<Verifier> {
  const tokens = jsonVariable(env, "STATIC_TOKENS");
  const providers = jsonVariable(env, "PROVIDERS");
  const insecureHosts = listVariable(env, "INSECURE_HOSTS");
  const verifiers: Verifier[] = [];
  if (tokens) {
    const known = tokens as Record<string, string | StaticPrincipal>;
    if (Object.keys(known).length === 0) warn("STATIC_TOKENS", "is empty: no token of it lets anybody in");
    verifiers.push(await named("STATIC_TOKENS", StaticBearerVerifier.create(known)));
  }
  if (providers) {
    const options = { providers: withSecrets(providers, env, warn), ...(insecureHosts && { insecureHosts }) };
    verifiers.push(await named("PROVIDERS", JwtVerifier.create(options)));
  }
  const [first] = verifiers;
  if (first === undefined) {
    warn("PROVIDERS", "neither PROVIDERS nor STATIC_TOKENS is set, so everybody is refused");
    return DenyAllVerifier.create();
  }
  return verifiers.length === 1 ? first : FirstOf.create(verifiers);
}

// JSON can't hold a secret that is a Worker's secret: `secretEnv` names it.
function withSecrets(providers: Record<string, unknown>, env: Env, warn: Warn): Record<string, ProviderOptions> {
  const entries = Object.entries(providers).map(([name, provider]) => {
    // Its name may be what belongs in STATIC_TOKENS: it is not shown.
    if (provider === null || typeof provider !== "object" || Array.isArray(provider))
      throw settingsError("PROVIDERS", "must be JSON: name -> provider, each an object with `issuer` and `audience`");
    const { secretEnv, ...rest } = provider as { secretEnv?: unknown; secret?: unknown };
    if (rest.secret !== undefined) {
      throw settingsError(
        "PROVIDERS",
        `has the secret of ${name} in it: make that a variable of its own, and name it by \`secretEnv\``,
      );
    }
    if (secretEnv === undefined) return [name, provider];
    if (!isSecretName(secretEnv)) {
      throw settingsError(
        "PROVIDERS",
        `must have the name of a variable at \`${name}.secretEnv\`: letters, digits, _, - and .`,
      );
    }
    const secret = env[secretEnv];
    if (typeof secret === "string" && secret !== "") {
      checkSecret(secretEnv, secret, warn);
      return [name, { ...rest, secret: new TextEncoder().encode(secret) }];
    }
    throw settingsError(
      "PROVIDERS",
      `names ${secretEnv} as the secret of ${name} (\`secretEnv\`), and that is not set: give it with \`wrangler secret put\`, or as a variable to the command that serves`,
    );
  });
  return Object.fromEntries(entries);
}

// Which variable an error is about.
async function named<T>(variable: Variable, making: Promise<T>): Promise<T> {
  try {
    return await making;
  } catch (error) {
    const { code, message } = Object(error);
    throw code === "ERR_CONFIG"
      ? settingsError(variable, String(message).replaceAll("`insecureHosts`", "INSECURE_HOSTS"))
      : error;
  }
}
