// The Worker of this repository: everything comes from its variables, which README.md lists.

import { DenyAllVerifier, FirstOf, JwtVerifier, ready, StaticBearerVerifier } from "../pkg/entry.workerd.js";
import { placeOf } from "../pkg/verify/request.js";
import { builtinAgents, createWorker } from "../pkg/worker.workerd.js";
import { playgroundSettings } from "./playground.js";
import { revokeByRequest } from "./revocations.js";
import { asVariable, upstreamsFrom } from "./upstream.js";
import { jsonVariable, listVariable, numberVariable, settingsError } from "./variables.js";

export { RevocationStore } from "../pkg/worker.workerd.js";

let made;

// The sessions and jobs of the built-in agents: a Durable Object, bound as RUNTIME_HUB.
export const { RuntimeHub } = createWorker({ verifier: verifierFrom, agents: builtinAgents });

export default {
  async fetch(request, env, ctx) {
    const { host, path } = placeOf(request);
    if (path === "/playground.json" && host !== "") return playgroundSettings(request, env, allowedBy(env));
    return (await workerOf(env)).fetch(request, env, ctx);
  },
};

/** An entrypoint without a route: a Worker that is bound to it (or a socket of one's own) revokes by POST. */
export const revocations = {
  async fetch(request, env) {
    return revokeByRequest(await workerOf(env), request, env);
  },
};

// Made once for an isolate: its variables don't change while it lives. Whoever comes meanwhile makes one too, and the first stays.
async function workerOf(env) {
  if (made !== undefined) return made;
  try {
    const own = await make(env);
    made ??= own;
  } catch (error) {
    const own = misconfigured(asVariable(error));
    // The module may be there for the next request.
    if (error.retryable === true) return own;
    made ??= own;
  }
  return made;
}

async function make(env) {
  await ready();
  const { arc, arcp } = upstreamsFrom(env);
  return createWorker({
    verifier: verifierFrom,
    insecureHosts: listVariable(env, "INSECURE_HOSTS"),
    agents: builtinAgents,
    arc: { scopes: jsonVariable(env, "ARC_SCOPES"), ...arc },
    arcp,
    ...allowedBy(env),
    limits: { maxConnections: numberVariable(env, "MAX_CONNECTIONS") },
  });
}

function allowedBy(env) {
  return {
    allowedOrigins: listVariable(env, "ALLOWED_ORIGINS"),
    allowedHosts: listVariable(env, "ALLOWED_HOSTS") ?? (env.DEV_MODE === "true" ? loopback : undefined),
  };
}

const loopback = ["localhost", "127.0.0.1", "[::1]"];

/** The verifier that the variables describe: static tokens first, then JWTs. Without either, nobody is let in. */
async function verifierFrom(env) {
  const tokens = jsonVariable(env, "STATIC_TOKENS");
  const providers = jsonVariable(env, "PROVIDERS");
  const insecureHosts = listVariable(env, "INSECURE_HOSTS");
  const verifiers = [];
  if (tokens) verifiers.push(await named("STATIC_TOKENS", StaticBearerVerifier.create(tokens)));
  if (providers) {
    verifiers.push(
      await named("PROVIDERS", JwtVerifier.create({ providers: withSecrets(providers, env), insecureHosts })),
    );
  }
  if (verifiers.length === 0) {
    console.warn("arcgate: neither PROVIDERS nor STATIC_TOKENS is set, so everybody is refused");
    return DenyAllVerifier.create();
  }
  return verifiers.length === 1 ? verifiers[0] : FirstOf.create(verifiers);
}

// JSON can't hold a secret that is a Worker's secret: `secretEnv` names it.
function withSecrets(providers, env) {
  return Object.fromEntries(
    Object.entries(Object(providers)).map(([name, provider]) => {
      if (provider?.secretEnv === undefined) return [name, provider];
      const { secretEnv, ...rest } = provider;
      const secret = env[secretEnv];
      if (typeof secret !== "string" || secret === "") {
        throw settingsError(
          "PROVIDERS",
          `names a secret for ${name} that is not set: give it with \`wrangler secret put\`, or to \`npm start\` as a variable`,
        );
      }
      return [name, { ...rest, secret: new TextEncoder().encode(secret) }];
    }),
  );
}

// Which variable an error is about.
async function named(variable, making) {
  try {
    return await making;
  } catch (error) {
    throw error.code === "ERR_CONFIG" ? settingsError(variable, error.message) : error;
  }
}

function misconfigured(error) {
  console.error(`arcgate: ${error.code ?? error.name}: ${error.message}`);
  return {
    async fetch(request) {
      const isAlive = placeOf(request).path === "/healthz";
      return Response.json(isAlive ? { status: "ok" } : { error: "server_error" }, { status: isAlive ? 200 : 500 });
    },
    async revoke() {
      throw error;
    },
  };
}
