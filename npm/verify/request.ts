// Authentication of any HTTP request.

import { ArcgateError, configError } from "../errors.js";
import { callJson, ready } from "../platform/modules/verify.js";
import { callOptions } from "../platform/options.js";
import {
  type AnyRequest,
  fieldOf,
  httpContext,
  isWebRequest,
  type NodeRequest,
  nodeContext,
  queryOf,
  signalOf,
  type WebRequest,
} from "./incoming.js";
import type { Credentials, Principal, Verifier, VerifierContext } from "./types.js";
import { type Answer, ask, isPending, KEEP, type Keep, Unchecked, type Waiting, wayOf } from "./ways.js";

/**
 * The principal of the request's Authorization header: of a Request, or of Node's own request. Throws what `errorResponse` makes the
 * right 400, 401, 403 or 503 of. `scopes` is checked as for `JwtVerifier.verify`. The promise of a verifier will do, too.
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
export function authenticateRequest(
  request: AnyRequest,
  verifier: Verifier | PromiseLike<Verifier>,
  options?: { scopes?: readonly string[] },
): Promise<Principal> {
  try {
    return admit(request, verifier, callOptions(options, ["scopes"]).scopes);
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

/** The same, which hands the verified token to `keep` where there is one and somebody wants it. @internal */
export async function admit(
  request: AnyRequest,
  verifier: Verifier | PromiseLike<Verifier>,
  scopes: readonly string[],
  keep?: Keep,
): Promise<Principal> {
  const isWeb = isWebRequest(request);
  const field = fieldOf(request, isWeb);
  const query = queryOf(request, isWeb);
  let way = wayOf(verifier);
  let asked = verifier as Verifier;
  if (way === undefined) {
    asked = await made(verifier);
    way = wayOf(asked);
    checkVerifier(asked);
  }
  if (way?.read !== undefined && typeof field === "string") {
    let answer: Answer | undefined;
    try {
      const read = way.read(asked, field, query, scopes, new RequestWaiting(request, keep));
      answer = isPending(read) ? await read : read;
    } catch (thrown) {
      throw errorOf(thrown);
    }
    if (answer !== undefined) return principalOf(answer, scopes);
  }
  await ready();
  const credentials = callJson<Credentials>("readCredentials", field, query);
  const context = isWeb
    ? httpContext(request as WebRequest, undefined, keep)
    : nodeContext(request as NodeRequest, keep);
  return authenticate(asked, credentials, context, scopes);
}

// Whoever hands the failure on by its value ("nothing" is "go on" to Express) would let everybody in by a verifier that failed with
// nothing.
async function made(verifier: Verifier | PromiseLike<Verifier>): Promise<Verifier> {
  try {
    return await verifier;
  } catch (thrown) {
    throw errorOf(thrown);
  }
}

/** What a request says of waiting. Its signal is an object that the platform makes when it is asked for. */
class RequestWaiting implements Waiting {
  readonly [KEEP]: Keep | undefined;
  #request: AnyRequest;

  constructor(request: AnyRequest, keep: Keep | undefined) {
    this.#request = request;
    this[KEEP] = keep;
  }

  get signal(): AbortSignal | undefined {
    return signalOf(this.#request);
  }

  get waitUntil(): undefined {
    return undefined;
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
  const { scheme } = credentials;
  return isPending(answer) ? awaited(answer, scopes, scheme) : checked(answer, scopes, scheme);
}

async function awaited(pending: Promise<Answer>, scopes: readonly string[], scheme: string): Promise<Principal> {
  let answer: Answer;
  try {
    answer = await pending;
  } catch (thrown) {
    throw errorOf(thrown);
  }
  return checked(answer, scopes, scheme);
}

// Where scopes are needed, the core looks at any principal.
function checked(answer: Answer, scopes: readonly string[], scheme: string): Principal {
  const looked = scopes.length > 0 && !(answer instanceof Unchecked) ? new Unchecked(answer) : answer;
  return principalOf(looked, scopes, scheme);
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
function principalOf(answer: Answer, scopes: readonly string[], scheme = "bearer"): Principal {
  const result = answer instanceof Unchecked ? answer.result : answer;
  if (result === null || result === undefined || result === false) throw nobody(scheme);
  if (!(answer instanceof Unchecked)) return answer as Principal;
  const required = scopes.length === 0 ? undefined : JSON.stringify(scopes);
  return frozen(callJson<Principal>("toPrincipal", jsonOf(result), Date.now(), required));
}

// By its subject the core tells a scheme that nobody takes here from a bearer token that is bad.
function nobody(scheme: string): ArcgateError {
  if (scheme === "bearer")
    return new ArcgateError("ERR_UNAUTHENTICATED", "no verifier accepts the credentials", {
      details: { fault: "caller" },
    });
  return new ArcgateError("ERR_UNAUTHENTICATED", "no verifier accepts the credentials, which are no bearer token", {
    details: { fault: "caller", subject: "scheme" },
  });
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

/** Refuses what is no verifier. @internal */
export function checkVerifier(verifier: unknown, name = "verifier"): asserts verifier is Verifier {
  if (typeof (verifier as Partial<Verifier> | null | undefined)?.authenticate !== "function") {
    throw configError(name, "must be a verifier: an object with `authenticate`");
  }
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
