// A `fetch` that attaches the bearer token: to requests of some origins, and to no other's. The core says where it goes and when
// another one may help; the request itself is the platform's.

import { configError } from "../errors.js";
import { orAborted } from "../platform/cancellation.js";
import { checkInsecureHosts, mayBePlain, warnOfInsecureHosts } from "../platform/insecure-hosts.js";
import { call, ready } from "../platform/modules/client.js";
import { checkKeys } from "../platform/options.js";
import type { PlatformFetch } from "../platform/types.js";
import { type BearerSource, bearerOf } from "./bearer.js";
import { redirected } from "./redirect.js";
import type { Bearer } from "./types.js";

/** Where a token goes, and how. */
export interface CreateFetchOptions {
  /** Exactly these: `["https://api.example.com"]`. To any other origin requests go without the token. */
  origins: readonly string[];
  /** Instead of the platform's. */
  fetch?: PlatformFetch;
  /** As {@link TokenManagerOptions.insecureHosts}. */
  insecureHosts?: readonly string[];
}

type Input = RequestInfo | URL;
type Send = (input: Input, init?: RequestInit) => Promise<Response>;

// What all requests of one `fetch` have in common.
interface Settings {
  bearer: BearerSource;
  /** One a line. */
  origins: string;
  fetch: Send;
}

// A page can't see where a redirect leads. The platform takes the token off there, when that is another origin.
const isBrowser = /^Mozilla\//.test(globalThis.navigator?.userAgent ?? "");

/**
 * A `fetch` that attaches a token to requests of these origins, asked for at each, and tries once more with a fresh one when the
 * server calls it bad (401, but for `insufficient_scope` and the like). Takes what the platform's does, and can stand wherever a
 * library wants one. A token never follows a redirect to another origin; an Authorization header of the caller's own stays as it is.
 * An origin that refuses the fresh one, too, has its 401 as the answer for a while, and the token stays as it is for the others.
 * A body that is a stream can't be sent twice: of such a request the 401 is the answer. Where no token can be had it rejects, as
 * `getToken` does; a call that its signal ends rejects with the signal's reason.
 *
 * ```js
 * import { createFetch, TokenManager } from "arcgate/client";
 *
 * async function inbox() {
 *   const manager = await TokenManager.create(source);
 *   const authorized = createFetch(manager, { origins: ["https://api.example.com"] });
 *   const response = await authorized("https://api.example.com/inbox");
 *   return response.json();
 * }
 * ```
 */
export function createFetch(token: Bearer, options: CreateFetchOptions): PlatformFetch {
  checkKeys(options, ["origins", "fetch", "insecureHosts"]);
  const { fetch, insecureHosts } = options;
  checkInsecureHosts(insecureHosts);
  if (fetch !== undefined && typeof fetch !== "function") throw configError("fetch", "must be a function");
  const { platform, unlessItself } = platformFetch();
  const settings: Settings = {
    bearer: bearerOf(token),
    origins: originsOf(options.origins, insecureHosts).join("\n"),
    fetch: fetch ?? platform,
  };
  warnOfInsecureHosts(insecureHosts, "createFetch");
  return unlessItself((input, init) => exchange(settings, input, init)) as PlatformFetch;
}

// The platform's, as it is at each call: whatever stands in its place by then, for a test, gets the request. If that is this one
// (`globalThis.fetch = createFetch(…)`), it is what was there before.
function platformFetch() {
  const before = globalThis.fetch;
  let isAsked = false;
  const platform: Send = (input, init) => {
    isAsked = true;
    try {
      return globalThis.fetch(input, init);
    } finally {
      isAsked = false;
    }
  };
  const unlessItself =
    (own: Send): Send =>
    async (input, init) => {
      if (!isAsked) return own(input, init);
      isAsked = false;
      return before(input, init);
    };
  return { platform, unlessItself };
}

// As the platform's parser writes them.
function originsOf(origins: unknown, insecureHosts: readonly string[] | undefined): string[] {
  const example = 'such as ["https://api.example.com"]';
  if (!Array.isArray(origins) || origins.length === 0) {
    throw configError("origins", `must list where the token may go, ${example}`);
  }
  return origins.map((origin: unknown) => {
    const url = typeof origin === "string" ? parsed(origin) : undefined;
    if (!url || !isHttp(url) || url.hostname.includes("*")) {
      throw configError("origins", `must list origins, ${example}: each with its scheme, and no *`);
    }
    if (url.href !== `${url.origin}/`) throw configError("origins", `must list origins alone: "${url.origin}"`);
    if (url.protocol === "http:" && !mayBePlain(url, insecureHosts)) {
      throw configError(
        "origins",
        `has "${url.origin}": plain http is for this machine and for \`insecureHosts\` only`,
      );
    }
    return url.origin;
  });
}

const isHttp = ({ protocol }: URL) => protocol === "https:" || protocol === "http:";

function parsed(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

// A Request, of whichever realm or package.
function requestOf(input: Input): Request | undefined {
  const { url, headers } = Object(input) as Partial<Request>;
  return typeof url === "string" && typeof headers === "object" ? (input as Request) : undefined;
}

async function exchange(settings: Settings, input: Input, init?: RequestInit): Promise<Response> {
  const { bearer, origins, fetch } = settings;
  const request = requestOf(input);
  const url = parsed(request?.url ?? String(input), globalThis.document?.baseURI ?? globalThis.location?.href);
  const headers = new Headers(init?.headers ?? request?.headers);
  // What is no URL, the platform says. A blob has an origin, too.
  if (!url || !isHttp(url) || headers.has("authorization")) return fetch(input, init);
  // Nothing of the caller's own goes along with these, says the Fetch Standard: the token would vanish on the way.
  if ((init?.mode ?? request?.mode) === "no-cors") return fetch(input, init);
  // As it is now: a URL and its base can be changed while a token is waited for.
  const asked = { fetch, url, input: request ?? url.href, request, init: { ...init }, headers };
  await ready();
  if (!call("tokenGoesTo", url.origin, origins)) return fetch(input, init);
  const signal = (init?.signal === undefined ? request?.signal : init.signal) ?? undefined;
  const token = await unlessAborted(bearer.get(signal), signal);
  const { person } = bearer;
  const sending = new Sending(asked, bearer.canRenew);
  try {
    const answer = await sending.send(token);
    if (!sending.isRefused(answer) || !bearer.canRenew || !sending.canRepeat) return answer;
    // Without another token the server's answer is what there is. The one that it refuses may do elsewhere: nobody loses it.
    const where = url.origin;
    const renewed = bearer.renew(token, { where, person, signal });
    const fresh = await unlessAborted(renewed, signal).catch(() => signal?.throwIfAborted());
    if (fresh === undefined) return answer;
    answer.body?.cancel().catch(() => {});
    const second = await sending.send(fresh);
    bearer.tried(where, !sending.isRefused(second));
    return second;
  } finally {
    sending.end();
  }
}

// A signal's reason is what the platform's `fetch` rejects with.
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await orAborted(work, signal);
  } catch (thrown) {
    signal?.throwIfAborted();
    throw thrown;
  }
}

/** What the caller has asked for. */
interface Asked {
  fetch: Settings["fetch"];
  url: URL;
  input: Input;
  request: Request | undefined;
  init: RequestInit;
  headers: Headers;
}

// One request, that may be sent more than once.
class Sending {
  /** Whether all of it can be sent again. */
  readonly canRepeat: boolean;
  #asked: Asked;
  #isCopied: boolean;
  #follows: boolean;
  #hasLeft = false;

  constructor(asked: Asked, canRenew: boolean) {
    const { request, init } = asked;
    this.#asked = asked;
    this.#follows = !isBrowser && (init.redirect ?? request?.redirect ?? "follow") === "follow";
    this.canRepeat = !isStream(init.body);
    // The body of a Request is read once: what is sent is a copy of it, as long as it may be needed again.
    // Firefox does not say whether there is one.
    const mayHaveBody = request !== undefined && !init.body && !/^(GET|HEAD)$/.test(request.method);
    this.#isCopied = mayHaveBody && !request.bodyUsed && (canRenew || this.#follows);
  }

  async send(token: string): Promise<Response> {
    const { fetch, url, request } = this.#asked;
    const headers = new Headers(this.#asked.headers);
    headers.set("authorization", `Bearer ${token}`);
    this.#hasLeft = false;
    const init = { ...this.#asked.init, headers };
    const next = () => this.#next();
    if (!this.#follows) return fetch(next(), init);
    return redirected(fetch, next, { url, request, init, canRepeat: this.canRepeat }, () => {
      this.#hasLeft = true;
    });
  }

  /** Whether an answer calls the token bad: not where it may have been taken off on the way, and whether it was a page can't see. */
  isRefused(answer: Response): boolean {
    const isElsewhere = () => !this.#follows || parsed(answer.url)?.origin !== this.#asked.url.origin;
    if (this.#hasLeft || (answer.redirected && isElsewhere())) return false;
    return call("tokenMayBeRenewed", answer.status, answer.headers.get("www-authenticate") ?? undefined);
  }

  /** Nothing is sent again: what was kept for that is let go. */
  end(): void {
    if (this.#isCopied) this.#asked.request?.body?.cancel().catch(() => {});
  }

  #next(): Input {
    return this.#isCopied ? (this.#asked.request as Request).clone() : this.#asked.input;
  }
}

// A web stream, or what Node's fetch takes for one.
function isStream(body: unknown): boolean {
  const { getReader, pipe } = Object(body) as { getReader?: unknown; pipe?: unknown };
  const isIterable = typeof body === "object" && body !== null && Symbol.asyncIterator in body;
  return isIterable || [getReader, pipe].some((method) => typeof method === "function");
}
