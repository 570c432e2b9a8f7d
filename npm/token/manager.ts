// TokenManager: what applications see of the tokens that driver.ts obtains.

import { ArcgateError, configError, errorFromJson } from "../errors.js";
import { aborted, orAborted, within } from "../platform/cancellation.js";
import { warnOfInsecureHosts } from "../platform/insecure-hosts.js";
import { failureOf, ready } from "../platform/modules/client.js";
import { TokenDriver } from "./driver.js";
import type { Logins } from "./login.js";
import { BEGIN, REFUSED, TOKEN, TOKEN_AND_BEGIN } from "./numbers.js";
import { type CallOptions, callOptions, tokensJson } from "./options.js";
import type { TokenManagerOptions, TokenResponse, TokenSource } from "./types.js";

// Begin, wait, and some more for attempts that are lost or overtaken: who needs more gets no token by going on.
const MAX_ROUNDS = 24;
// How long a revocation waits for answers that are under way.
const PATIENCE = 10_000;

/**
 * Access tokens that are there when they are needed: obtained, refreshed before they end, revoked.
 *
 * ```js
 * import { TokenManager } from "arcgate";
 *
 * const managing = TokenManager.create({
 *   type: "client_credentials",
 *   issuer: "https://issuer.example",
 *   clientId: "my-service",
 *   clientSecret: "…",
 *   scope: "read",
 * });
 *
 * export async function ask() {
 *   const manager = await managing;
 *   return fetch("https://api.example/", { headers: { authorization: `Bearer ${await manager.getToken()}` } });
 * }
 * ```
 */
export class TokenManager {
  #driver: TokenDriver;

  /**
   * Makes a manager. Sends nothing: the first token is obtained when it is asked for. Only what a person's login has left in
   * `storage` is read, or else other tabs that share are asked for it, for 150 ms, so that `claims` and `state` are right at once.
   */
  static async create(source: TokenSource, options: TokenManagerOptions = {}): Promise<TokenManager> {
    await ready();
    const manager = new TokenManager(source, options);
    warnOfInsecureHosts(options.insecureHosts, "TokenManager");
    await manager.#driver.restore();
    return manager;
  }

  private constructor(source: TokenSource, options: TokenManagerOptions) {
    this.#driver = new TokenDriver(source, options);
  }

  /**
   * The access token: the present one, or a new one if that is needed. However many ask at once, one request is sent.
   * Throws ERR_REFRESH_UNAVAILABLE (ask later) or ERR_REFRESH_REJECTED only when there is no valid token.
   */
  async getToken(options?: {
    /** How long the token shall live on. At most half of its life can be asked for. Default: 0. */
    minValiditySec?: number;
    /** Not the present token, and none that is on its way: one that is asked for after this call. Calls at the same time share it. */
    forceRefresh?: boolean;
    /** Ends the wait of this call (ERR_ABORTED), and nothing else. */
    signal?: AbortSignal;
    /** A Worker's `ctx.waitUntil`: a refresh that begins here may outlive the request. */
    waitUntil?: (promise: Promise<unknown>) => void;
  }): Promise<string> {
    const call = callOptions(options, ["minValiditySec", "forceRefresh", "signal", "waitUntil"]);
    const driver = this.#driver;
    const arrived = driver.now();
    try {
      return await this.#ask(call, arrived);
    } catch (thrown) {
      const failure = failureOf(thrown);
      driver.report();
      throw failure;
    }
  }

  async #ask({ minValiditySec, forceRefresh, signal, waitUntil }: CallOptions, arrived: number): Promise<string> {
    const driver = this.#driver;
    const { attempts } = driver;
    let current = driver.alive();
    let asked = forceRefresh ? current.requests() : undefined;
    if (driver.returning) await driver.returning;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      if (signal?.aborted) throw aborted(signal);
      const core = driver.alive();
      if (core !== current) {
        // Made anew: it knows nothing of what was asked before.
        current = core;
        if (forceRefresh) asked = core.requests();
      }
      const step = core.handleRequest(arrived, round === 0 ? arrived : driver.now(), minValiditySec * 1000, asked);
      if (step === TOKEN) {
        driver.token ??= core.token();
        return driver.token as string;
      }
      if (step === TOKEN_AND_BEGIN) {
        const token = core.token() as string;
        attempts.start(core, core.attempt(), waitUntil);
        driver.report();
        return token;
      }
      driver.token = undefined;
      if (step === REFUSED) throw refusalOf(core.error(), attempts.cause);
      if (step === BEGIN) attempts.start(core, core.attempt(), waitUntil);
      else await orAborted(attempts.waitFor(core, core.attempt(), core.wait(), waitUntil), signal);
      driver.report();
    }
    throw new ArcgateError("ERR_REFRESH_UNAVAILABLE", "tokens end faster than they can be obtained", {
      retryable: true,
      details: { fault: "provider" },
    });
  }

  /**
   * Takes a token that was obtained elsewhere, instead of what is there. Who is logged in is not known then: `claims` is undefined.
   * Throws ERR_CONFIG for what is no token, and no answer with one.
   */
  setToken(token: string | TokenResponse): void {
    const given = tokensJson(token, "token");
    this.#driver.do((core, now) => core.handleTokens(given, now));
    this.#driver.keep();
    this.#driver.share();
  }

  /** A server refused this token: it is dropped if it is still the present one. */
  invalidate(token: string): void {
    if (typeof token !== "string") return;
    this.#driver.do((core, now) => core.handleRefusedToken(token, now));
    this.#driver.tabs?.tell({ refused: token });
  }

  /**
   * Begins a login (authorization code with PKCE S256, RFC 7636): where to send the person. The login waits up to 10 minutes
   * for its answer: in a page in sessionStorage, elsewhere in `storage`, or in this manager's memory.
   * Throws ERR_CONFIG (a source that logs nobody in, a `returnTo` elsewhere), or ERR_REFRESH_UNAVAILABLE when the provider's
   * metadata can't be had.
   */
  async beginLogin(options?: {
    /** Where the page goes on afterwards: a URL of the origin of `redirectUri`. Any other is ERR_CONFIG. */
    returnTo?: string | URL;
    /** Parameters of this login alone, such as `prompt` or `login_hint`; they stand in the place of the source's of the same name. */
    authorizationParams?: Record<string, string>;
  }): Promise<URL> {
    return this.#login().begin(options);
  }

  /**
   * Ends a login: takes the URL that the provider sent the person back to. `claims` are those of the ID token, verified.
   * `returnTo` is a path with query and fragment. An answer counts once; called again with the same URL in the same page, it
   * gives the same result. Throws ERR_LOGIN_REJECTED: of the provider's "no" `details.error` is its name ("login_required"); otherwise
   * `details.subject` is what was wrong ("state", "iss", "nonce", "azp", "auth_time", or the code of the ID token's verification).
   */
  async completeLogin(url: string | URL): Promise<{ claims?: Record<string, unknown>; returnTo?: string }> {
    return this.#login().complete(url);
  }

  /**
   * Forgets the tokens, and revokes the refresh token if the provider lets it. Gives the URL to send the person to, so that
   * they are logged out at the provider too (OpenID Connect RP-Initiated Logout 1.0), if it has such a place. The URL holds
   * the ID token, as that standard wants it.
   */
  async logout(options?: { waitUntil?: (promise: Promise<unknown>) => void }): Promise<URL | undefined> {
    callOptions(options, ["waitUntil"]);
    const driver = this.#driver;
    if (driver.logins) {
      driver.logins.forget();
      // A provider that is out of reach keeps nobody logged in here.
      await driver.operation((core, now) => core.handleDiscovery(now)).catch(() => {});
    }
    const url = driver.alive().logoutUrl();
    await this.revoke(options).catch(() => {});
    return url === undefined ? undefined : new URL(url);
  }

  /**
   * Revokes the tokens (RFC 7009) and forgets them. They are forgotten, too, when the provider does not confirm: then it
   * throws: ERR_CONFIG where it has no place for that, ERR_REFRESH_UNAVAILABLE, or ERR_REFRESH_REJECTED.
   */
  async revoke(options?: { waitUntil?: (promise: Promise<unknown>) => void }): Promise<void> {
    const { waitUntil } = callOptions(options, ["waitUntil"]);
    const driver = this.#driver;
    // An answer that is under way may bring a token that nobody would revoke.
    await within(PATIENCE, driver.attempts.settled());
    const attempt = driver.do((core, now) => {
      const begun = core.handleRevocation(now);
      core.handleSignOut(now, true, now);
      driver.tabs?.tell({ out: now });
      return begun;
    });
    await driver.tabs?.noteSignOut(driver.now());
    await driver.erase();
    await driver.operation(() => attempt, waitUntil);
  }

  /** When the present token ends, as a NumericDate by this machine's clock. */
  get expiresAt(): number | undefined {
    const millis = this.#driver.standing.expiresAt;
    return millis === undefined ? undefined : millis / 1000;
  }

  /**
   * `empty`: no token, and nobody has asked for one. `valid`: one that can be handed out. `refreshing`: a request is under way, and
   * there may be a token too. `failed`: no token, and the last request brought none.
   */
  get state(): "empty" | "valid" | "refreshing" | "failed" {
    return this.#driver.standing.state;
  }

  /**
   * Who is logged in: the claims of the ID token, which the login has verified. After a reload too, with a `storage`, and in all
   * tabs that share their tokens. A refresh's ID token of the same person takes its place. Gone with a logout, `revoke`, a refresh
   * that is refused for good, `setToken`, and where neither an access token nor a refresh token is left. The same frozen object
   * for as long as nothing changes. They say who somebody is, and open no door: a server verifies the access token.
   */
  get claims(): Record<string, unknown> | undefined {
    return this.#driver.standing.claims;
  }

  /**
   * Hears of each change of `state` and `claims`, from other tabs too: in a microtask after it, never during a call, and not at
   * once for what is there already. Changes that come together are told once. Gives the function that ends it. A listener that
   * throws harms nobody.
   */
  subscribe(
    listener: (standing: {
      state: "empty" | "valid" | "refreshing" | "failed";
      claims?: Record<string, unknown> | undefined;
    }) => void,
  ): () => void {
    return this.#driver.standing.subscribe(listener);
  }

  /** Ends timers and listeners. Then there is nobody logged in here, and no token: who asks for one is told ERR_ABORTED. */
  close(): void {
    // What was sent goes on, so that no refresh token is lost.
    this.#driver.close();
  }

  /** @internal */
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }

  #login(): Logins {
    const { logins } = this.#driver;
    this.#driver.alive();
    if (!logins) throw configError("source.type", "must be authorization_code for a login");
    return logins;
  }
}

// Why there is no token, with what was thrown on the way to one.
function refusalOf(json: string, cause: unknown): ArcgateError {
  const { code, message, retryable, details } = errorFromJson(json);
  return new ArcgateError(code, message, { retryable, details, cause });
}
