// Logging a person in: what a page does around the redirect. The core builds the URL and judges the answer; here are the
// random texts, the hash, the place where a login waits while the page is left, and the ID token's signature.

import { configError, toArcgateError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import type { Fetch } from "../platform/fetch.js";
import { optionsJson } from "../platform/json.js";
import { ready as readyToVerify } from "../platform/modules/verify.js";
import { checkKeys } from "../platform/options.js";
import type { JwtVerifier } from "../verify/jwt-verifier.js";
import type { HandIn, Step } from "./actions.js";
import { base64url, unguessable } from "./request.js";
import type { StoredTokens, TokenSource, TokenStorage } from "./types.js";

const STORAGE_LIMIT = 5000;
// The clocks of pages are often minutes wrong. The nonce, and not its age, makes an ID token the answer to this login.
const TOLERANCE = 300;
// Answers that were taken, with what came of them: React's StrictMode runs effects, and so a call, twice. In a page, whichever
// manager it was that took it.
const MOST_TAKEN = 4;
const takenInPage = new Map<string, Promise<Outcome>>();
const isPage = typeof globalThis.document === "object";

type Claims = Record<string, unknown>;
type Source = Extract<TokenSource, { type: "authorization_code" }>;

/** What came of a login, and of whose. */
interface Outcome {
  claims: Claims | undefined;
  returnTo: string | undefined;
  tokens: string | undefined;
  by: Logins;
}

/** What the manager does for its logins. */
interface Host {
  call<T>(step: Step<T>): T;
  operation(begin: Step<number>): Promise<string | undefined>;
  write(limitMs: number, work: () => unknown): Promise<boolean>;
  adopt(text: string): void;
  signedIn(): Promise<void>;
  failed(cause: unknown): void;
  readonly fetch: Fetch;
}

/** The logins of a manager. */
export class Logins {
  #source: Source;
  #insecureHosts: readonly string[] | undefined;
  #storage: TokenStorage | undefined;
  #host: Host;
  #redirect: URL;
  #taken = isPage ? takenInPage : new Map<string, Promise<Outcome>>();
  #claims = new Map<number, Claims>();
  #verifier: JwtVerifier | undefined;
  #keysAnswer: { url: string; status?: number } | undefined;

  constructor(source: Source, storage: TokenStorage | undefined, host: Host, insecureHosts?: readonly string[]) {
    this.#source = source;
    this.#insecureHosts = insecureHosts;
    this.#storage = isPage ? undefined : storage;
    this.#host = host;
    const redirect = urlOf(source.redirectUri);
    if (!redirect || redirect.hash) {
      throw configError("source.redirectUri", "must be an absolute URL without a fragment");
    }
    this.#redirect = redirect;
  }

  async begin(options: { returnTo?: string | URL; authorizationParams?: Record<string, string> } = {}): Promise<URL> {
    checkKeys(options, ["returnTo", "authorizationParams"]);
    const { returnTo, authorizationParams } = options;
    const own = optionsJson({ authorizationParams });
    if (!globalThis.crypto?.subtle) {
      throw configError("beginLogin", "needs WebCrypto, which pages have on https and on localhost only");
    }
    const goal = returnTo === undefined ? undefined : this.#goal(returnTo);
    await this.#host.operation((core, now) => core.handleDiscovery(now));
    const [state, nonce, verifier] = [unguessable(32), unguessable(32), unguessable(48)];
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    const challenge = base64url(new Uint8Array(hash));
    await this.#load();
    const url = this.#host.call((core, now) => {
      return core.handleLogin(`${state}\n${nonce}\n${verifier}`, challenge, goal, own, now);
    });
    await this.#save();
    return new URL(url);
  }

  async complete(url: string | URL): Promise<{ claims?: Claims; returnTo?: string }> {
    const parsed = urlOf(url, this.#redirect);
    if (!parsed) throw configError("url", "must be the URL that the provider sent the person back to");
    const query = [...parsed.searchParams];
    const key = `${this.#host.call((core) => core.sourceId())} ${parsed.searchParams.get("state")}`;
    if (!this.#taken.has(key)) {
      // Before the answer is spent: where this can't be loaded, the same answer may be handed in again.
      const verifier = verifierClass();
      await Promise.all([verifier, this.#host.operation((core, now) => core.handleDiscovery(now))]);
      await this.#load();
    }
    // From here to the map there is no await: of two calls one takes the answer.
    const taken = this.#taken.get(key) ?? this.#take(query);
    if (!this.#taken.has(key)) {
      this.#taken.set(key, taken);
      taken.catch(({ details }) => details?.subject === "state" && this.#taken.delete(key));
      const [oldest] = this.#taken.keys();
      if (this.#taken.size > MOST_TAKEN && oldest !== undefined) this.#taken.delete(oldest);
    }
    const { claims, returnTo, tokens, by } = await taken;
    if (by !== this && tokens !== undefined) this.#host.adopt(tokens);
    return { ...(claims && { claims: structuredClone(claims) }), ...(returnTo !== undefined && { returnTo }) };
  }

  async #take(query: string[][]): Promise<Outcome> {
    let answer: { attempt: number; returnTo?: string };
    try {
      answer = this.#host.call((core, now) => JSON.parse(core.handleLoginAnswer(JSON.stringify(query), now)));
    } catch (thrown) {
      const { details } = toArcgateError(thrown);
      if (details?.returnTo !== undefined) this.#goal(details.returnTo);
      throw thrown;
    } finally {
      await this.#save();
    }
    // It was ours when the login began; who can write where logins wait could have changed it.
    const returnTo = answer.returnTo === undefined ? undefined : this.#goal(answer.returnTo);
    try {
      const tokens = await this.#host.operation(() => answer.attempt);
      await this.#host.signedIn();
      return { claims: this.#claims.get(answer.attempt), returnTo, tokens, by: this };
    } finally {
      this.#claims.delete(answer.attempt);
    }
  }

  /** Verifies an ID token, for the core. */
  async verify(attempt: number, { token, keys }: { token: string; keys?: string }): Promise<HandIn> {
    const { issuer, clientId: audience } = this.#source;
    let make: typeof JwtVerifier.make;
    try {
      ({ make } = await verifierClass());
    } catch (cause) {
      this.#host.failed(cause);
      const { message } = toArcgateError(cause);
      return (core, id, now) => core.handleUnverifiable(id, message, undefined, undefined, undefined, now);
    }
    // Its log line was the manager's.
    this.#verifier ??= make({
      // `typ`: an access token is no ID token, whatever it says otherwise.
      providers: { login: { issuer, audience, typ: ["JWT", ""], ...(keys && { jwksUri: keys }) } },
      clockToleranceSec: TOLERANCE,
      tokenCache: false,
      insecureHosts: this.#insecureHosts,
      fetch: async (url, init) => {
        const answer: { url: string; status?: number } = { url: String(url) };
        this.#keysAnswer = answer;
        const response = await this.#host.fetch(url, init);
        answer.status = response.status;
        return response;
      },
      now: () => this.#host.call((core, now) => now + core.serverAhead()),
    });
    try {
      const { claims } = await this.#verifier.verify(token);
      this.#claims.set(attempt, claims);
      return (core, id, now) => core.handleVerified(id, JSON.stringify(claims), "", now);
    } catch (thrown) {
      const error = toArcgateError(thrown);
      const { code, message, retryable, details } = error;
      // The provider's keys can't be had.
      if (retryable && code !== "ERR_TOKEN_NOT_YET_VALID") {
        this.#host.failed(error);
        const { status, url } = { url: keys, ...this.#keysAnswer, ...details };
        const after = details?.retryAfterSec;
        return (core, id, now) => core.handleUnverifiable(id, message, status, url, after, now);
      }
      return (core, id, now) => core.handleVerified(id, undefined, `${code} ${message}`, now);
    }
  }

  /** The logins that wait, beside the tokens that are about to be stored in their place. */
  beside(tokens: StoredTokens): StoredTokens {
    if (!this.#storage) return tokens;
    const { logins }: { logins: object[] } = JSON.parse(this.#host.call((core) => core.pendingLogins()));
    return logins.length ? { ...tokens, logins } : tokens;
  }

  /** After a logout, an answer that was taken before is an old one. */
  forget(): void {
    const source = this.#host.call((core) => core.sourceId());
    for (const key of this.#taken.keys()) if (key.startsWith(`${source} `)) this.#taken.delete(key);
  }

  // Where the page goes on: a path of the page's own origin, says the core of what the platform's parser makes of it.
  #goal(returnTo: string | URL): string {
    const url = urlOf(returnTo, this.#redirect)?.href ?? "";
    return this.#host.call((core) => core.returnPath(url, this.#redirect.origin));
  }

  get #key(): string {
    // Not the client's alone: managers of several scopes or audiences wait side by side.
    return `arcgate.logins:${this.#host.call((core) => core.sourceId())}`;
  }

  // Without a page or a storage, logins wait in the core.
  async #load(): Promise<void> {
    if (isPage) {
      const text = keptInPage(() => sessionStorage.getItem(this.#key));
      this.#host.call((core, now) => core.handlePendingLogins(text ?? "", now));
    } else if (this.#storage) {
      let logins: string;
      try {
        logins = JSON.stringify((await within(STORAGE_LIMIT, this.#storage.get()))?.logins ?? []) ?? "[]";
      } catch {
        // A storage that fails: what waits in memory is all there is.
        return;
      }
      this.#host.call((core, now) => {
        core.handlePendingLogins(`{"source":${JSON.stringify(core.sourceId())},"logins":${logins}}`, now);
      });
    }
  }

  async #save(): Promise<void> {
    const text = this.#host.call((core) => core.pendingLogins());
    const { source, logins }: { source: string; logins: object[] } = JSON.parse(text);
    if (isPage) {
      keptInPage(() =>
        logins.length ? sessionStorage.setItem(this.#key, text) : sessionStorage.removeItem(this.#key),
      );
      return;
    }
    const storage = this.#storage;
    if (storage) {
      await this.#host.write(STORAGE_LIMIT, async () => {
        const { logins: _, ...stored }: StoredTokens = (await storage.get()) ?? { source, obtainedAt: 0 };
        await storage.put(logins.length ? { ...stored, logins } : stored);
      });
    }
  }
}

// What verifies ID tokens is loaded with the first of them: most who have tokens verify none. A failure is not remembered.
async function verifierClass(): Promise<typeof JwtVerifier> {
  const [{ verifierClass }] = await Promise.all([import("./login-verifier.js"), readyToVerify()]);
  return verifierClass();
}

function keptInPage<T>(work: () => T): T {
  try {
    return work();
  } catch {
    throw configError("beginLogin", "needs sessionStorage, which this page may not use: a login waits there");
  }
}

function urlOf(text: string | URL, base?: URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
