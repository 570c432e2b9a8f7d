// What a request presents, whoever made it: a Request of any realm or library, or Node's own.

import { configError } from "../errors.js";
import type { VerifierContext } from "./types.js";
import { KEEP, type Keep } from "./ways.js";

/** A `Request` of any realm or library (undici, miniflare, …), by what is read of it. */
export interface WebRequest {
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  /** An AbortSignal: whoever waits for keys waits no longer than its client. */
  readonly signal?: unknown;
}

/** Node's `IncomingMessage`, and what builds upon it: a request of Express', Fastify's `request.raw`, Koa's `ctx.req`. */
export interface NodeRequest {
  readonly url?: string | undefined;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
  /** Names and values as they came: `headers` has only the first of two Authorization fields. */
  readonly rawHeaders: readonly string[];
}

/** Either of them. */
export type AnyRequest = WebRequest | NodeRequest;

/** What Node and frameworks add to that. */
interface Incoming extends NodeRequest {
  /** Where a router has shortened `url`. */
  readonly originalUrl?: unknown;
  readonly socket?: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean } | null;
  readonly signal?: unknown;
}

/** Whether it is a Request. Refuses what is neither. @internal */
export function isWebRequest(request: AnyRequest): request is WebRequest {
  const headers: { get?: unknown } | undefined = request?.headers;
  if (typeof headers?.get === "function" && typeof request.url === "string") return true;
  // By `headers` alone the second of two tokens could not be seen.
  if (typeof headers === "object" && headers !== null && Array.isArray((request as NodeRequest).rawHeaders))
    return false;
  throw configError(
    "request",
    "must be a Request, or Node's IncomingMessage: Hono's c.req.raw, Fastify's request.raw, Koa's ctx.req",
  );
}

/** The value of the Authorization field; several are joined, as `fetch` does it. @internal */
export function fieldOf(request: AnyRequest, isWeb: boolean): string | undefined {
  if (isWeb) return (request as WebRequest).headers.get("authorization") ?? undefined;
  const { headers, rawHeaders } = request as NodeRequest;
  const sent = rawHeaders.filter((_, index) => index % 2 === 1 && isAuthorization(rawHeaders[index - 1]));
  // What was put into `headers` on the way here counts (a token that was in a cookie), but for two that came.
  const field = sent.length > 1 ? sent : headers.authorization;
  return field === undefined ? undefined : [field].flat().join(", ");
}

function isAuthorization(name: string | undefined): boolean {
  return name?.length === 13 && name.toLowerCase() === "authorization";
}

/** The query of the request's URL, with its `?`. @internal */
export function queryOf(request: AnyRequest, isWeb: boolean): string {
  const url = isWeb ? (request as WebRequest).url : targetOf(request as Incoming);
  const start = url.indexOf("?");
  return start < 0 ? "" : url.slice(start);
}

function targetOf({ originalUrl, url }: Incoming): string {
  return typeof originalUrl === "string" ? originalUrl : (url ?? "/");
}

/**
 * What a verifier is told of an HTTP request. What most verifiers don't ask for is made when it is asked for. @internal
 */
export function httpContext(
  request: WebRequest,
  ctx?: { waitUntil?(promise: Promise<unknown>): void },
  keep?: Keep,
): VerifierContext {
  return {
    transport: "http",
    url: request.url,
    get remoteAddress() {
      return request.headers.get("cf-connecting-ip") ?? undefined;
    },
    get signal() {
      return request.signal as AbortSignal | undefined;
    },
    waitUntil: ctx?.waitUntil && ((promise) => ctx.waitUntil?.(promise)),
    [KEEP]: keep,
  } as VerifierContext;
}

/** The same of Node's request. @internal */
export function nodeContext(request: NodeRequest, keep?: Keep): VerifierContext {
  return {
    transport: "http",
    get url() {
      return urlOf(request);
    },
    get remoteAddress() {
      return (request as Incoming).socket?.remoteAddress;
    },
    get signal() {
      return signalOf(request);
    },
    [KEEP]: keep,
  } as VerifierContext;
}

/** The request's own signal, where it has one. @internal */
export function signalOf(request: AnyRequest): AbortSignal | undefined {
  const { signal } = request as { signal?: AbortSignal };
  return typeof signal?.addEventListener === "function" ? signal : undefined;
}

// Node has no URL, but what its client sent of one. What is no name of a host would begin a URL that says something else.
function urlOf(request: Incoming): string {
  const target = targetOf(request);
  if (/^https?:\/\//i.test(target)) return target;
  const { ":authority": authority, host = authority } = request.headers;
  const place = typeof host === "string" && /^[\w.:[\]-]+$/.test(host) ? host : "unknown.invalid";
  return `${request.socket?.encrypted ? "https" : "http"}://${place}${target.startsWith("/") ? target : "/"}`;
}
