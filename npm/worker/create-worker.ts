// @ts-nocheck
// createWorker: the fetch handler that stands in front of agents.

import { ArcEndpoint } from "../arc/gate/gate.js";
import { ArcpEndpoint } from "../arcp/gate/gate.js";
import { runtimeHub } from "../arcp/runtime/hub.js";
import { ArcgateError, configError } from "../errors.js";
import { call } from "../platform/call.js";
import { tellInsecureHosts } from "../platform/insecure-hosts.js";
import { optionsJson } from "../platform/json.js";
import { bindings, ready } from "../platform/wasm.js";
import { checkVerifier, placeOf } from "../verify/request.js";
import { auditor } from "./audit.js";
import { InFlight } from "./in-flight.js";
import { readOptions } from "./options.js";
import { Revocations } from "./revocations.js";
import type { ArcgateWorker, WorkerOptions } from "./types.js";

/**
 * Makes the Worker that stands in front of agents: `POST /arc` (ARC 1.0), `GET /arcp` (ARCP 1.1, WebSocket), `GET /healthz`, and
 * the static assets bound as `ASSETS`. Throws an ArcgateError `ERR_CONFIG` that names the option and the fix. `Env` is what
 * wrangler's configuration binds; in TypeScript, annotate `verifier`'s parameter with it.
 */
export function createWorker<Env = unknown>(options: WorkerOptions<Env>): ArcgateWorker<Env> {
  if (!("arcCheck" in bindings)) throw configError("createWorker", "is not for browsers: their module has no gate");
  const settings = readOptions(options);
  tellInsecureHosts(options.insecureHosts, "createWorker");
  // A Worker's module is at hand, so this loads it at once; elsewhere the first request waits for it.
  ready().catch(() => {});
  const check = checker(settings);
  const revocations = new Revocations(settings);
  // Live sessions are asked about every four seconds, and end within five: their answer is fresher than a request's.
  const revoked = (principal, credentials, env) =>
    revocations.isRevoked(env, principal, credentials, { maxAgeMs: 500 });
  revoked.applies = (principal, env) => revocations.applies(env, principal);
  const sockets = settings.arcp && new ArcpEndpoint({ ...settings.arcp, revoked });
  if (isLoaded()) {
    check();
    sockets?.check();
  }
  const verifiers = verifierSource(options.verifier);
  const { basePath } = settings.config;
  const audit = auditor(settings.audit);
  const inFlight = new InFlight(settings.arc);
  return {
    RuntimeHub: runtimeHub(settings.hub),
    async fetch(request, env, ctx) {
      const { path, host } = placeOf(request);
      const route = path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
      // The gates say so themselves.
      if (host === "" && !/^\/arcp?(\/|$)/.test(route)) return malformed(audit);
      if (route === "/healthz") return health(request);
      if (route === "/arc" || route.startsWith("/arc/")) {
        try {
          await ready();
          check();
        } catch (error) {
          console.error(`arcgate: ${error.code}: ${error.message}`);
          return json(500, { error: "server_error" });
        }
        const waitUntil = ctx?.waitUntil && ((promise) => ctx.waitUntil(promise));
        const revokedHere = (principal, credentials, { maxAgeMs } = {}) =>
          revocations.isRevoked(env, principal, credentials, { maxAgeMs, waitUntil });
        revokedHere.applies = (principal) => revocations.applies(env, principal);
        const endpoint = new ArcEndpoint({ ...settings, inFlight, guard: devGuard(env), revoked: revokedHere });
        return endpoint.handle(request, () => verifiers(env), ctx);
      }
      if (route === "/arcp") {
        if (!sockets)
          return json(501, { error: "not_implemented", message: "there are neither agents nor an ARCP upstream" });
        try {
          await ready();
          sockets.check();
        } catch (error) {
          console.error(`arcgate: ${error.code}: ${error.message}`);
          return json(500, { error: "server_error" });
        }
        return sockets.handle(request, {
          verifierOf: () => verifiers(env),
          behindOf: () => settings.arcp.behindOf(env),
          guard: devGuard(env),
          env,
          ctx,
        });
      }
      return env?.ASSETS ? env.ASSETS.fetch(request) : json(404, { error: "not_found" });
    },
    revoke: (env, entry) => revocations.revoke(env, entry),
  };
}

// The rest of the options, which the core reads: throws what is wrong with them, until they have been found right once.
function checker({ config }) {
  let isChecked = false;
  return () => {
    if (!isChecked) call("arcCheck", optionsJson(config));
    isChecked = true;
  };
}

function isLoaded() {
  try {
    call("version");
    return true;
  } catch {
    return false;
  }
}

// The verifier, made once for an environment. It is kept once it is made and not before: what one request waits for must
// not be another request's promise, which may never settle.
function verifierSource(verifier) {
  if (typeof verifier !== "function") return () => verifier;
  let kept;
  return async (env) => {
    if (kept && isSame(kept.env, env)) return kept.made;
    const made = await verifier(env);
    checkVerifier(made, "verifier(env)");
    if (!kept || !isSame(kept.env, env)) kept = { env, made };
    return kept.made;
  };
}

function isSame(one, other) {
  if (one === other) return true;
  if (!one || !other) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

// Verifiers for development prove nothing. They run where DEV_MODE says so, on this machine, for pages of this machine.
function devGuard(env) {
  return (principal, request) => {
    if (principal.kind !== "dev") return;
    const origin = request.headers.get("origin");
    const isProxied = ["cf-ray", "cdn-loop", "cf-worker"].some((name) => request.headers.has(name));
    const mode = typeof env?.DEV_MODE === "string" ? env.DEV_MODE : undefined;
    if (call("mayRunDev", mode, hostOf(request.url), origin === null ? undefined : hostOf(origin), isProxied)) return;
    throw new ArcgateError(
      "ERR_UNAUTHENTICATED",
      "a verifier for development runs with DEV_MODE=true and on loopback only",
      {
        details: { fault: "configuration" },
      },
    );
  };
}

// `Origin: null` is a URL of nowhere.
function hostOf(url) {
  return URL.canParse(url) ? new URL(url).hostname : "";
}

function malformed(audit) {
  audit({ type: "http.request", outcome: "refused", reason: "host_malformed", status: 400 });
  return json(400, { error: "invalid_request" });
}

function health(request) {
  if (request.method !== "GET" && request.method !== "HEAD")
    return json(405, { error: "method_not_allowed" }, { Allow: "GET, HEAD" });
  return json(200, { status: "ok" });
}

function json(status, body, headers = {}) {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...headers, "Content-Type": "application/json", "Cache-Control": "no-store" },
  });
}
