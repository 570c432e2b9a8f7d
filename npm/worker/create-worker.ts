// createWorker: the fetch handler that stands in front of agents.

import { ArcEndpoint } from "../arc/gate/gate.js";
import type { StoredRevocation } from "../arc/gate/settings.js";
import { ArcpEndpoint } from "../arcp/gate/gate.js";
import type { SessionRevocation } from "../arcp/gate/settings.js";
import { sessionHold } from "../arcp/hold/session-hold.js";
import { runtimeHub } from "../arcp/runtime/runtime-hub.js";
import { configError } from "../errors.js";
import { warnOfInsecureHosts } from "../platform/insecure-hosts.js";
import { optionsJson } from "../platform/json.js";
import { call, gate, ready } from "../platform/modules/gate.js";
import { checkVerifier, placeOf, type RequestPlace } from "../verify/request.js";
import type { Credentials, Principal, Verifier } from "../verify/types.js";
import { isPending } from "../verify/ways.js";
import { type Auditor, auditor } from "./audit.js";
import { ConfigurationLog } from "./configuration-log.js";
import { devGuard } from "./dev-guard.js";
import { InFlight } from "./in-flight.js";
import { readOptions, type Settings } from "./options.js";
import { health, json, readiness } from "./probes.js";
import { Revocations } from "./revocations.js";
import type { ArcgateWorker, WorkerContext, WorkerOptions } from "./types.js";

/**
 * Makes the Worker that stands in front of agents: `POST /arc` (ARC 1.0), `GET /arcp` (ARCP 1.1, WebSocket), `GET /healthz`,
 * `GET /readyz` (200 when the verifier can be made and the upstreams' credentials are sound, else 503, and the log says why), and the
 * static assets bound as `ASSETS`. Throws an ArcgateError `ERR_CONFIG` that names the option and the fix. `Env` is what
 * wrangler's configuration binds; in TypeScript, annotate `verifier`'s parameter with it.
 *
 * ```js
 * import { JwtVerifier } from "arcgate";
 * import { createWorker } from "arcgate/worker";
 *
 * const app = createWorker({
 *   verifier: (env) => JwtVerifier.create({ providers: JSON.parse(env.PROVIDERS) }),
 *   agents: { greet: async (input) => `hello, ${input}` },
 * });
 * export default app;
 * export const { RuntimeHub } = app;
 * ```
 */
export function createWorker<Env = unknown>(options: WorkerOptions<Env>): ArcgateWorker<Env> {
  return makeWorker(options).worker;
}

/** The same, and what throws where its configuration is not sound. @internal */
export function makeWorker<Env>(
  options: WorkerOptions<Env>,
  log = new ConfigurationLog(),
): { worker: ArcgateWorker<Env>; check(env: Env): Promise<void> } {
  if (!gate.isBound) throw configError("createWorker", "is not for browsers: their module has no gate");
  // A Worker's module is at hand, so this loads it at once; elsewhere the first request waits for it.
  ready().catch(() => {});
  const settings = readOptions(options);
  warnOfInsecureHosts(options.insecureHosts, "createWorker");
  const check = checker(settings);
  const revocations = new Revocations(settings);
  const sockets = settings.arcp && new ArcpEndpoint({ ...settings.arcp, revoked: ofSessions(revocations) });
  if (gate.isLoaded) {
    check();
    sockets?.check();
  }
  const verifiers = verifierSource(options.verifier);
  const { basePath } = settings.config;
  const audit = auditor(settings.audit);
  const arc = arcRoute(settings, { check, verifiers, revocations });
  const arcp = arcpRoute(settings.arcp, sockets, verifiers);
  const checkAll = async (env: Env) => {
    await ready();
    check();
    sockets?.check();
    await verifiers(env);
    await settings.upstream?.check();
    await settings.arcp?.checkUpstream();
  };
  const upstream = settings.arcp?.held;
  const worker: ArcgateWorker<Env> = {
    RuntimeHub: runtimeHub(settings.hub),
    SessionHold: sessionHold(
      upstream && {
        upstream,
        config: settings.holdLimits,
        audit: settings.audit,
        revoked: ofSessions(revocations),
        verifiers: (env) => verifiers(env as Env),
      },
    ),
    async fetch(request: Request, env: Env, ctx?: WorkerContext): Promise<Response> {
      const place = placeOf(request);
      const { path, host } = place;
      const route = path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
      // The gates say so themselves.
      if (host === "" && !/^\/arcp?(\/|$)/.test(route)) return malformed(audit);
      if (route === "/healthz") return health(request);
      if (route === "/readyz")
        return readiness(request, () => checkAll(env), { log, timeoutMs: settings.arc.verifyTimeoutMs });
      if (route === "/arc" || route.startsWith("/arc/")) return arc(request, place, env, ctx);
      if (route === "/arcp") return arcp(request, env, ctx);
      const { ASSETS: assets } = Object(env) as { ASSETS?: { fetch(request: Request): Promise<Response> } };
      return assets ? assets.fetch(request) : json(404, { error: "not_found" });
    },
    revoke: (env, entry) => revocations.revoke(env, entry),
  };
  return { worker, check: checkAll };
}

interface ArcParts<Env> {
  check: () => void;
  verifiers: (env: Env) => Verifier | Promise<Verifier>;
  revocations: Revocations;
}

// Requests of /arc.
function arcRoute<Env>(settings: Settings, { check, verifiers, revocations }: ArcParts<Env>) {
  const inFlight = new InFlight(settings.arc);
  let endpoint: ArcEndpoint | undefined;
  return async (request: Request, place: RequestPlace, env: Env, ctx: WorkerContext | undefined): Promise<Response> => {
    // Asked once: what has been found right is not looked at again.
    if (endpoint === undefined) {
      const misconfigured = await unlessFound(check);
      if (misconfigured) return misconfigured;
    }
    endpoint ??= new ArcEndpoint({ ...settings, inFlight });
    const revoked = new OfRequest(revocations, env, ctx);
    return endpoint.handle(request, place, { verifierOf: () => verifiers(env), guard: devGuard(env), revoked, ctx });
  };
}

// Sockets of /arcp.
function arcpRoute<Env>(
  settings: Settings["arcp"],
  sockets: ArcpEndpoint | undefined,
  verifiers: ArcParts<Env>["verifiers"],
) {
  return async (request: Request, env: Env, ctx: WorkerContext | undefined): Promise<Response> => {
    if (!sockets || !settings)
      return json(501, { error: "not_implemented", message: "there are neither agents nor an ARCP upstream" });
    const misconfigured = await unlessFound(() => sockets.check());
    if (misconfigured) return misconfigured;
    const here = {
      verifierOf: async () => verifiers(env),
      upstreamOf: () => settings.upstreamOf(env),
      guard: devGuard(env),
      env,
      ctx,
    };
    return sockets.handle(request, here);
  };
}

// Live sessions are asked about every four seconds, and end within five: their answer is fresher than a request's.
function ofSessions(revocations: Revocations): SessionRevocation {
  const revoked: SessionRevocation = (principal, credentials, env) =>
    revocations.isRevoked(env, principal, credentials, { maxAgeMs: 500 });
  revoked.applies = (principal, env) => revocations.applies(env, principal);
  return revoked;
}

// What the store says for one request.
class OfRequest implements StoredRevocation {
  #revocations: Revocations;
  #env: unknown;
  #ctx: WorkerContext | undefined;

  constructor(revocations: Revocations, env: unknown, ctx: WorkerContext | undefined) {
    this.#revocations = revocations;
    this.#env = env;
    this.#ctx = ctx;
  }

  applies(principal: Principal): boolean {
    return this.#revocations.applies(this.#env, principal);
  }

  isRevoked(principal: Principal, credentials: Credentials, maxAgeMs?: number): Promise<boolean> {
    const ctx = this.#ctx;
    const waitUntil = ctx?.waitUntil && ((promise: Promise<unknown>) => ctx.waitUntil(promise));
    return this.#revocations.isRevoked(this.#env, principal, credentials, { maxAgeMs, waitUntil });
  }
}

// The answer where the configuration is wrong; nothing where it has been found right.
async function unlessFound(check: () => void): Promise<Response | undefined> {
  try {
    await ready();
    check();
    return undefined;
  } catch (error) {
    const { code, message } = Object(error);
    console.error(`arcgate: ${code}: ${message}`);
    return json(500, { error: "server_error" });
  }
}

// The rest of the options, which the core reads: throws what is wrong with them, until they have been found right once.
function checker({ config }: Settings): () => void {
  let isChecked = false;
  return () => {
    if (!isChecked) call("arcCheck", optionsJson(config));
    isChecked = true;
  };
}

// The verifier, made once for an environment. It is kept once it is made and not before: what one request waits for must
// not be another request's promise, which may never settle.
function verifierSource<Env>(verifier: WorkerOptions<Env>["verifier"]): (env: Env) => Verifier | Promise<Verifier> {
  const isPromise = isPending<unknown>(verifier);
  if (typeof verifier !== "function" && !isPromise) return () => verifier;
  const source = typeof verifier === "function" ? verifier : () => verifier;
  let kept: { env: Env; made: Verifier } | undefined;
  const make = async (env: Env) => {
    const made = await source(env);
    checkVerifier(made, isPromise ? "verifier" : "verifier(env)");
    if (!kept || !isSame(kept.env, env)) kept = { env, made };
    return kept.made;
  };
  return (env) => (kept && isSame(kept.env, env) ? kept.made : make(env));
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!one || !other) return false;
  const [own, others] = [one as Record<string, unknown>, other as Record<string, unknown>];
  const keys = Object.keys(own);
  return keys.length === Object.keys(others).length && keys.every((key) => own[key] === others[key]);
}

function malformed(audit: Auditor): Response {
  audit({ type: "http.request", outcome: "refused", reason: "host_malformed", status: 400 });
  return json(400, { error: "invalid_request" });
}
