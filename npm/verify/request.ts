// Authentication of any HTTP request, and the answer to one that is refused.

import { ArcgateError, configError, errorArguments } from "../errors.js";
import { callJson, ready } from "../platform/modules/verify.js";
import { callOptions } from "../platform/options.js";
import type { PlatformRequest } from "../platform/types.js";
import type { Credentials, Principal, Verifier, VerifierContext } from "./types.js";

/**
 * The principal of the request's Authorization header. Throws what `errorResponse` makes the right 400, 401, 403 or 503 of.
 * `scopes` is checked as for `JwtVerifier.verify`.
 *
 * ```js
 * import { authenticateRequest, errorResponse } from "arcgate";
 *
 * const handle = async (request) => {
 *   try {
 *     const principal = await authenticateRequest(request, verifier, { scopes: ["read"] });
 *     return Response.json({ hello: principal.id });
 *   } catch (error) {
 *     return errorResponse(error);
 *   }
 * };
 * show(handle);
 * ```
 */
export async function authenticateRequest(
  request: PlatformRequest,
  verifier: Verifier,
  options?: { scopes?: readonly string[] },
): Promise<Principal> {
  if (typeof request?.headers?.get !== "function" || typeof request.url !== "string")
    throw configError("request", "must be a Request");
  checkVerifier(verifier);
  const { scopes } = callOptions(options, ["scopes"]);
  await ready();
  const credentials = callJson<Credentials>(
    "readCredentials",
    request.headers.get("authorization") ?? undefined,
    queryOf(request.url),
  );
  return authenticate(verifier, credentials, httpContext(request), scopes);
}

/**
 * The answer to a request that was refused, with WWW-Authenticate or Retry-After. It tells the caller no reason: log the error
 * for that.
 */
export function errorResponse(error: unknown): Response {
  const { status, headers } = refusal(error);
  return new Response(JSON.stringify({ error: classes[status] }), {
    status,
    headers: { ...headers, "Content-Type": "application/json", "Cache-Control": "no-store" },
  });
}

const classes: Record<number, string> = {
  400: "invalid_request",
  401: "unauthorized",
  403: "insufficient_scope",
  500: "server_error",
  503: "temporarily_unavailable",
};

function refusal(error: unknown): { status: number; headers: Record<string, string> } {
  if (!(error instanceof ArcgateError)) return { status: 500, headers: {} };
  try {
    return callJson("httpRefusal", ...errorArguments(error));
  } catch {
    // The core could not be loaded, which may be the very error.
    return { status: 500, headers: {} };
  }
}

/**
 * Asks a verifier. Gives a principal in its one form, frozen, or throws: also for what the verifier itself got wrong, and where
 * one of `scopes` is missing. @internal
 */
export async function authenticate(
  verifier: Verifier,
  credentials: Credentials,
  context: VerifierContext,
  scopes: readonly string[] = [],
): Promise<Principal> {
  let result: unknown;
  try {
    result = await verifier.authenticate(credentials, context);
  } catch (thrown) {
    if (thrown instanceof ArcgateError) throw thrown;
    throw new ArcgateError("ERR_INTERNAL", "the verifier failed", {
      retryable: true,
      details: { fault: "configuration" },
      cause: thrown,
    });
  }
  if (result === null || result === undefined || result === false) {
    throw new ArcgateError("ERR_UNAUTHENTICATED", "no verifier accepts the credentials", {
      details: { fault: "caller" },
    });
  }
  return frozen(
    callJson<Principal>(
      "toPrincipal",
      jsonOf(result),
      Date.now(),
      scopes.length === 0 ? undefined : JSON.stringify(scopes),
    ),
  );
}

/** A principal in its one form: with a key made anew, and of the kind "custom" unless it came from one of our verifiers. @internal */
export function toPrincipal(result: unknown): Principal {
  return frozen(callJson<Principal>("toPrincipal", jsonOf(result)));
}

function jsonOf(result: unknown): string {
  try {
    return JSON.stringify(result) ?? "null";
  } catch {
    // Nothing that JSON can't hold is a principal: the core says so.
    return "null";
  }
}

function frozen(principal: Principal): Principal {
  Object.freeze(principal.labels);
  if (principal.scopes) Object.freeze(principal.scopes);
  return Object.freeze(principal);
}

/** What a verifier is told of an HTTP request. @internal */
export function httpContext(request: Request, ctx?: { waitUntil?(promise: Promise<unknown>): void }): VerifierContext {
  return {
    transport: "http",
    url: request.url,
    remoteAddress: request.headers.get("cf-connecting-ip") ?? undefined,
    signal: request.signal,
    waitUntil: ctx?.waitUntil && ((promise) => ctx.waitUntil?.(promise)),
  };
}

/** Refuses what is no verifier. @internal */
export function checkVerifier(verifier: unknown, name = "verifier"): asserts verifier is Verifier {
  if (typeof (verifier as Partial<Verifier> | null | undefined)?.authenticate !== "function") {
    throw configError(name, "must be a verifier: an object with `authenticate`");
  }
}

function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start < 0 ? "" : url.slice(start);
}

/** A request's head, as the core takes it: `fields` has the header fields that count, by the core's names for them. @internal */
export function headOf(request: Request, fields: Record<string, string>): object {
  const head: Record<string, string | undefined> = { method: request.method, ...placeOf(request) };
  for (const [name, field] of Object.entries(fields)) head[name] = request.headers.get(field) ?? undefined;
  return head;
}

// A host that has more in it than a name and a port: the URL that was made of it begins elsewhere than it seems.
const notOnlyHost = /[^\w.:[\]-]/;

/**
 * Where a request goes: `{ scheme, host, path, query }`. Whatever a client sends as its Host stands in the request's URL; where
 * that makes no URL, `host` is empty, and the core refuses it. @internal
 */
export function placeOf(request: Request): { scheme: string; host: string; path: string; query: string } {
  const sent = request.headers.get("host") ?? "";
  try {
    const { protocol, host, pathname: path, search: query } = new URL(request.url);
    return { scheme: protocol.slice(0, -1), host: notOnlyHost.test(sent) ? "" : host, path, query };
  } catch {
    const [, scheme = "", path = "", query = ""] = /^([a-z]+):\/\/[^/?#]*([^?#]*)(\?[^#]*)?/i.exec(request.url) ?? [];
    return { scheme, host: "", path, query };
  }
}
