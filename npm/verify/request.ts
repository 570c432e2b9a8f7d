// Authentication of any HTTP request, and the answer to one that is refused.

import { ArcgateError, configError, errorArguments } from "../errors.js";
import { callJson, ready } from "../platform/modules/verify.js";
import { callOptions } from "../platform/options.js";
import type { PlatformRequest } from "../platform/types.js";
import type { Credentials, Principal, Verifier, VerifierContext } from "./types.js";
import { type Answer, ask, isPending, Unchecked, type Waiting, wayOf } from "./ways.js";

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
  const headers = request?.headers;
  const url = request?.url;
  if (typeof headers?.get !== "function" || typeof url !== "string") throw configError("request", "must be a Request");
  const way = wayOf(verifier);
  if (way === undefined) checkVerifier(verifier);
  const { scopes } = callOptions(options, ["scopes"]);
  const field = headers.get("authorization") ?? undefined;
  const query = queryOf(url);
  if (way?.read !== undefined && typeof field === "string") {
    let answer: Answer | undefined;
    try {
      const read = way.read(verifier, field, query, scopes, new RequestWaiting(request));
      answer = isPending(read) ? await read : read;
    } catch (thrown) {
      throw errorOf(thrown);
    }
    if (answer !== undefined) return principalOf(answer, scopes);
  }
  await ready();
  const credentials = callJson<Credentials>("readCredentials", field, query);
  return authenticate(verifier, credentials, httpContext(request), scopes);
}

/** What a request says of waiting. Its signal is an object that the platform makes when it is asked for. */
class RequestWaiting implements Waiting {
  #request: PlatformRequest;

  constructor(request: PlatformRequest) {
    this.#request = request;
  }

  get signal(): AbortSignal | undefined {
    return this.#request.signal;
  }

  get waitUntil(): undefined {
    return undefined;
  }
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
 * one of `scopes` is missing; at once, where the verifier is one of ours that knows it. @internal
 */
export function authenticate(
  verifier: Verifier,
  credentials: Credentials,
  context: VerifierContext,
  scopes: readonly string[] = [],
): Principal | Promise<Principal> {
  let answer: Answer | Promise<Answer>;
  try {
    answer = ask(verifier, credentials, context);
  } catch (thrown) {
    throw errorOf(thrown);
  }
  return isPending(answer) ? awaited(answer, scopes) : checked(answer, scopes);
}

async function awaited(pending: Promise<Answer>, scopes: readonly string[]): Promise<Principal> {
  let answer: Answer;
  try {
    answer = await pending;
  } catch (thrown) {
    throw errorOf(thrown);
  }
  return checked(answer, scopes);
}

// Where scopes are needed, the core looks at any principal.
function checked(answer: Answer, scopes: readonly string[]): Principal {
  return principalOf(scopes.length > 0 && !(answer instanceof Unchecked) ? new Unchecked(answer) : answer, scopes);
}

// What a verifier throws that is no error of ours is its own mistake.
function errorOf(thrown: unknown): ArcgateError {
  if (thrown instanceof ArcgateError) return thrown;
  return new ArcgateError("ERR_INTERNAL", "the verifier failed", {
    retryable: true,
    details: { fault: "configuration" },
    cause: thrown,
  });
}

// Whom a verifier lets in, as a principal in its one form.
function principalOf(answer: Answer, scopes: readonly string[]): Principal {
  const result = answer instanceof Unchecked ? answer.result : answer;
  if (result === null || result === undefined || result === false) {
    throw new ArcgateError("ERR_UNAUTHENTICATED", "no verifier accepts the credentials", {
      details: { fault: "caller" },
    });
  }
  if (!(answer instanceof Unchecked)) return answer as Principal;
  const required = scopes.length === 0 ? undefined : JSON.stringify(scopes);
  return frozen(callJson<Principal>("toPrincipal", jsonOf(result), Date.now(), required));
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

/** What a verifier is told of an HTTP request. What most verifiers don't ask for is made when it is asked for. @internal */
export function httpContext(request: Request, ctx?: { waitUntil?(promise: Promise<unknown>): void }): VerifierContext {
  return {
    transport: "http",
    url: request.url,
    get remoteAddress() {
      return request.headers.get("cf-connecting-ip") ?? undefined;
    },
    get signal() {
      return request.signal;
    },
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

// A host that has more in it than a name and a port: the URL that was made of it begins elsewhere than it seems.
const notOnlyHost = /[^\w.:[\]-]/;

/** Where a request goes. @internal */
export interface RequestPlace {
  readonly scheme: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

/**
 * Where a request goes: `{ scheme, host, path, query }`. Whatever a client sends as its Host stands in the request's URL; where
 * that makes no URL, `host` is empty, and the core refuses it. @internal
 */
export function placeOf(request: Request): RequestPlace {
  const { url, headers } = request;
  const sent = headers.get("host") ?? "";
  if (lastPlace?.url !== url || lastPlace.sent !== sent) lastPlace = { url, sent, place: readPlace(url, sent) };
  return lastPlace.place;
}

// Most requests go where the last one went: taking a URL apart costs more than comparing it.
let lastPlace: { url: string; sent: string; place: RequestPlace } | undefined;

function readPlace(url: string, sent: string): RequestPlace {
  try {
    const { protocol, host, pathname: path, search: query } = new URL(url);
    return { scheme: protocol.slice(0, -1), host: notOnlyHost.test(sent) ? "" : host, path, query };
  } catch {
    const [, scheme = "", path = "", query = ""] = /^([a-z]+):\/\/[^/?#]*([^?#]*)(\?[^#]*)?/i.exec(url) ?? [];
    return { scheme, host: "", path, query };
  }
}
