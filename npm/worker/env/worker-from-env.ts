// workerFromEnv: the Worker that its variables describe.

import { sessionHold } from "../../arcp/hold/session-hold.js";
import { readHub } from "../../arcp/runtime/options.js";
import { runtimeHub } from "../../arcp/runtime/runtime-hub.js";
import { documents } from "../../documentation.js";
import { ArcgateError, configError } from "../../errors.js";
import { ready } from "../../platform/modules/gate.js";
import { checkKeys } from "../../platform/options.js";
import type { PlatformRequest } from "../../platform/types.js";
import { placeOf } from "../../verify/request.js";
import { builtinAgents } from "../builtin-agents.js";
import { ConfigurationLog } from "../configuration-log.js";
import { makeWorker } from "../create-worker.js";
import { health, json, notReady } from "../probes.js";
import type { ArcgateWorker, RuntimeHubClass, SessionHoldClass, WorkerOptions } from "../types.js";
import { revokeByRequest } from "./revocations.js";
import { asVariable, upstreamsFrom } from "./upstreams.js";
import {
  checkNames,
  devMode,
  type Env,
  isSet,
  listVariable,
  numberVariable,
  scopesFrom,
  settingsError,
  type Warn,
} from "./variables.js";
import { verifierFrom } from "./verifier.js";

/** What `workerFromEnv` takes beside variables: what a variable can't hold. */
export interface EnvWorkerOptions
  extends Pick<WorkerOptions, "agents" | "policy" | "hubFor" | "basePath" | "limits" | "audit"> {
  /** The rest of `arc`: its upstream and scopes are variables. */
  arc?: Pick<NonNullable<WorkerOptions["arc"]>, "bindRequestAgent">;
  /** The rest of `arcp`: its upstream and resume key are variables. */
  arcp?: Pick<NonNullable<WorkerOptions["arcp"]>, "scopes" | "heartbeatIntervalSec">;
}

/** What `workerFromEnv` gives. */
export interface EnvWorker extends ArcgateWorker {
  /**
   * An entrypoint that no route leads to: export it, and a Worker with a service binding to it (or a socket of one's own) revokes
   * by `POST`; docs/revocation.md.
   */
  readonly revocations: { fetch(request: PlatformRequest, env?: unknown): Promise<Response> };
}

const known = ["agents", "policy", "hubFor", "basePath", "limits", "audit", "arc", "arcp"];
const knownOf = { arc: ["bindRequestAgent"], arcp: ["scopes", "heartbeatIntervalSec"] };

// What a variable says is no option: it would be passed over, or be said twice.
function checkOptions(options: EnvWorkerOptions): void {
  checkKeys(options, known);
  for (const part of ["arc", "arcp"] as const) {
    if (options[part] !== undefined) checkKeys(options[part], knownOf[part], part);
  }
}

/**
 * The Worker that variables describe (docs/operators.md lists them): `createWorker` for whoever writes no code. Without `agents` it
 * has the built-in ones, `echo` and `count`. It never throws: what is wrong with the configuration is a line of JSON in the log, as
 * soon as this is called; `GET /readyz` is 503 then, `GET /healthz` 200, and everything else 500.
 *
 * ```js
 * import { env } from "cloudflare:workers";
 * import { RevocationStore, workerFromEnv } from "arcgate/worker";
 *
 * const app = workerFromEnv(env);
 * export default app;
 * export const { RuntimeHub, SessionHold, revocations } = app;
 * export { RevocationStore };
 * ```
 */
export function workerFromEnv(env: object, options: EnvWorkerOptions = {}): EnvWorker {
  const log = new ConfigurationLog();
  let made: ArcgateWorker | undefined;
  // Whoever comes before there is one makes one too, and the first stays: what one request waits for must not be another's promise.
  const worker = async (): Promise<ArcgateWorker> => {
    if (made !== undefined) return made;
    let own: ArcgateWorker;
    try {
      own = await make(env, options, log);
    } catch (thrown) {
      log.failed(thrown);
      own = misconfigured(thrown, options);
      // The module may be there for the next request.
      if (Object(thrown).retryable === true) return own;
    }
    made ??= own;
    return made;
  };
  // At a Worker's global scope this ends before anything is asked.
  worker();
  return {
    RuntimeHub: hubOf(options),
    SessionHold: holdOf(worker),
    async fetch(request, given = env, ctx) {
      const own = await worker();
      log.repeat();
      return own.fetch(request, given, ctx);
    },
    async revoke(given = env, entry) {
      return (await worker()).revoke(given, entry);
    },
    revocations: {
      fetch: async (request, given = env) =>
        revokeByRequest(await worker(), request as Request, { env: given, config: env, audit: Object(options).audit }),
    },
  };
}

async function make(given: object, options: EnvWorkerOptions, log: ConfigurationLog): Promise<ArcgateWorker> {
  if (given === null || typeof given !== "object")
    throw configError("env", 'must be the Worker\'s environment: `import { env } from "cloudflare:workers"`');
  checkOptions(options);
  await ready();
  try {
    return await makeOf(given as Env, options, log);
  } catch (error) {
    throw asVariable(error);
  }
}

async function makeOf(env: Env, options: EnvWorkerOptions, log: ConfigurationLog): Promise<ArcgateWorker> {
  const warn: Warn = (name, problem) => log.warn(name, problem);
  checkNames(env, warn);
  checkBound(env);
  const { arc, arcp } = upstreamsFrom(env, warn);
  const verifier = await verifierFrom(env, warn);
  const { agents = builtinAgents, limits } = options;
  const maxConnections = numberVariable(env, "MAX_CONNECTIONS");
  const { worker, check } = makeWorker(
    {
      ...options,
      verifier,
      agents,
      insecureHosts: listVariable(env, "INSECURE_HOSTS"),
      arc: { ...options.arc, scopes: scopesFrom(env, warn), ...arc },
      arcp: { ...options.arcp, ...arcp },
      allowedOrigins: listVariable(env, "ALLOWED_ORIGINS"),
      allowedHosts: listVariable(env, "ALLOWED_HOSTS") ?? (devMode(env) ? loopback : undefined),
      limits: { ...limits, ...(maxConnections !== undefined && { maxConnections }) },
    },
    log,
  );
  await check(env);
  if (
    Object.keys(agents).length > 0 &&
    !isSet(env, "ARCP_UPSTREAM") &&
    Object(env.RUNTIME_HUB).idFromName === undefined
  )
    warn(
      "RUNTIME_HUB",
      `is not bound, so /arcp answers 503: bind the Durable Object RuntimeHub (${documents}embedded-runtime.md)`,
    );
  return worker;
}

// What is bound under a name of ours, and is something else.
function checkBound({ REVOCATIONS: revocations, ASSETS: assets }: Env): void {
  if ((revocations ?? "") !== "" && typeof Object(revocations).idFromName !== "function") {
    throw settingsError(
      "REVOCATIONS",
      `must be the Durable Object RevocationStore, bound (${documents}revocation.md): nobody could be revoked`,
    );
  }
  if ((assets ?? "") !== "" && typeof Object(assets).fetch !== "function")
    throw settingsError("ASSETS", "must be static assets, bound");
}

const loopback = ["localhost", "127.0.0.1", "[::1]"];

// The class must be there, whatever the configuration: workerd starts no Worker that lacks what is bound.
function hubOf(options: EnvWorkerOptions): RuntimeHubClass {
  const nobody = { verifier: { authenticate: async () => null } };
  try {
    const { agents = builtinAgents, policy, limits, audit } = options;
    return runtimeHub(readHub({ ...nobody, agents, policy, limits, audit }));
  } catch {
    // `make` finds the same, and says so.
    return runtimeHub(readHub(nobody));
  }
}

// The class of a Worker that may not be made yet.
function holdOf(worker: () => Promise<ArcgateWorker>): SessionHoldClass {
  return class SessionHold {
    #state: unknown;
    #env: unknown;
    #own: InstanceType<SessionHoldClass> | undefined;

    constructor(state: unknown, env: unknown) {
      this.#state = state;
      this.#env = env;
    }

    async #hold(): Promise<InstanceType<SessionHoldClass>> {
      const { SessionHold: Own } = await worker();
      this.#own ??= new Own(this.#state, this.#env);
      return this.#own;
    }

    async fetch(request: PlatformRequest): Promise<Response> {
      return (await this.#hold()).fetch(request);
    }

    async alarm(): Promise<void> {
      return (await this.#hold()).alarm();
    }
  };
}

function misconfigured(error: unknown, options: EnvWorkerOptions): ArcgateWorker {
  const { basePath } = Object(options);
  return {
    RuntimeHub: hubOf(options),
    SessionHold: sessionHold(undefined),
    async fetch(request) {
      const { path } = placeOf(request as Request);
      const route =
        typeof basePath === "string" && path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
      if (route === "/healthz") return health(request as Request);
      if (route === "/readyz") return notReady(request as Request);
      return json(500, { error: "server_error" });
    },
    async revoke() {
      // No fault of whoever revokes.
      const details = { fault: "configuration" } as const;
      const reason = error instanceof ArcgateError ? error.message : "see the log";
      throw new ArcgateError("ERR_INTERNAL", `the gate is not configured: ${reason}`, { details, cause: error });
    },
  };
}
