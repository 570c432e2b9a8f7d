// @ts-nocheck
// TokenManager: the loop that drives the core's machine over fetch, timers and storage. The core decides; this carries.

import { ArcgateError, configError, errorFromJson, toArcgateError } from "../errors.js";
import { aborted, orAborted, within } from "../platform/cancellation.js";
import { tell } from "../platform/events.js";
import { tellInsecureHosts } from "../platform/insecure-hosts.js";
import { bindings, instanceEpoch, ready, recoverFrom } from "../platform/wasm.js";
import { clock } from "../verify/options.js";
import { perform } from "./action.js";
import { Flights } from "./attempts.js";
import { Logins } from "./login.js";
import { callOptions, coreOptions, tokensJson } from "./options.js";
import { storageOf } from "./storage.js";
import { Tabs } from "./tabs.js";
import type { TokenManagerOptions, TokenResponse, TokenSource } from "./types.js";

// What the core's ask returns; src/js/token.rs has the same numbers.
const REFUSED = 0;
const TOKEN = 1;
const BEGIN = 2;
const TOKEN_AND_BEGIN = 4;

// The clock is looked at once a minute, so that it is noticed when somebody sets it back. (And beyond 2^31 - 1 ms, a timer
// would fire at once.)
const LONGEST_TIMER = 60_000;
// Begin, wait, and some more for flights that are lost or overtaken: who needs more gets no token by going on.
const MAX_ROUNDS = 24;
const STORAGE_LIMIT = 5000;
// How long a revocation waits for answers that are under way.
const PATIENCE = 10_000;

// A timer belongs to the request that set it there, and ends with it: tokens are refreshed when they are used.
const hasTimers = globalThis.navigator?.userAgent !== "Cloudflare-Workers";
const wakers = ["online", "pagehide", "pageshow", "focus"];

/** Access tokens that are there when they are needed: obtained, refreshed before they end, revoked. */
export class TokenManager {
  #options;
  #given;
  #now;
  #storage;
  #parts;
  #core;
  #epoch;
  #token;
  #snapshot;
  #flights = new Flights({
    now: () => this.#steadyNow(),
    isCurrent: (core) => this.#isCurrent(core),
    perform: (action, flight) => perform(action, flight, this.#parts),
    ended: (flight) => {
      try {
        this.#changed();
      } catch {
        // A clock of the user's that fails now and then. Whoever asks next hears of it.
      }
      this.#tabs?.ended(flight).catch(() => {});
    },
  });
  #timer;
  #writing = Promise.resolve();
  #logins;
  #closed = false;
  #lastNow = 0;
  #tabs;
  #returning;
  #wake = (event) => this.#onWake(event);

  /** Makes a manager. Does no I/O: the first token is obtained when it is asked for. */
  static async create(source: TokenSource, options: TokenManagerOptions = {}): Promise<TokenManager> {
    await ready();
    const manager = new TokenManager(source, options);
    tellInsecureHosts(options.insecureHosts, "TokenManager");
    return manager;
  }

  private constructor(source: TokenSource, options: TokenManagerOptions) {
    const { given, signing, isShared } = coreOptions(source, options);
    this.#options = { ...options };
    this.#given = given;
    this.#now = options.now === undefined ? Date.now : clock(options.now);
    this.#attach();
    this.#storage = storageOf(options.storage, this.#core.sourceId());
    const parts = (this.#parts = {
      source: { ...source },
      signing,
      storage: this.#storage,
      fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
      now: this.#now,
      failed: (cause) => {
        this.#flights.cause = cause;
      },
      write: (limitMs, work) => this.#write(limitMs, work),
      put: (text) => this.#put(text),
    });
    if (isShared) parts.tabs = this.#tabs = new Tabs(this.#core.sourceId(), this.#driver());
    if (source.type === "authorization_code") {
      parts.logins = this.#logins = new Logins(parts.source, this.#storage, this.#driver(), options.insecureHosts);
    }
    if (hasTimers && typeof globalThis.document === "object") {
      // After a sleep, a freeze or a time without network: deadlines are looked at as soon as somebody may be looking.
      for (const name of wakers) globalThis.addEventListener(name, this.#wake);
      document.addEventListener("visibilitychange", this.#wake);
    }
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
    signal?: AbortSignal;
    /** A Worker's `ctx.waitUntil`: a refresh that begins here may outlive the request. */
    waitUntil?: (promise: Promise<unknown>) => void;
  }): Promise<string> {
    const known = ["minValiditySec", "forceRefresh", "signal", "waitUntil"];
    const { minValiditySec, forceRefresh, signal, waitUntil } = callOptions(options, known);
    const arrived = this.#now();
    try {
      let current = this.#alive();
      let asked = forceRefresh ? current.requests() : undefined;
      if (this.#returning) await this.#returning;
      for (let round = 0; round < MAX_ROUNDS; round += 1) {
        if (signal?.aborted) throw aborted(signal);
        const core = this.#alive();
        if (core !== current) {
          // Made anew: it knows nothing of what was asked before.
          current = core;
          if (forceRefresh) asked = core.requests();
        }
        const step = core.ask(arrived, round === 0 ? arrived : this.#now(), minValiditySec * 1000, asked);
        if (step === TOKEN) {
          if (this.#token === undefined) this.#token = core.token();
          return this.#token;
        }
        if (step === TOKEN_AND_BEGIN) {
          const token = core.token();
          this.#flights.start(core, core.attempt(), waitUntil);
          return token;
        }
        this.#token = undefined;
        if (step === BEGIN) {
          this.#flights.start(core, core.attempt(), waitUntil);
        } else if (step === REFUSED) {
          const error = errorFromJson(core.error());
          const { cause } = this.#flights;
          if (cause !== undefined) error.cause = cause;
          throw error;
        } else {
          await orAborted(this.#flights.waitFor(core, core.attempt(), core.wait(), waitUntil), signal);
        }
        this.#report();
      }
      throw new ArcgateError("ERR_REFRESH_UNAVAILABLE", "tokens end faster than they can be obtained", {
        retryable: true,
        details: { fault: "provider" },
      });
    } catch (thrown) {
      recoverFrom(thrown);
      this.#report();
      throw toArcgateError(thrown);
    }
  }

  /** Takes a token that was obtained elsewhere. */
  setToken(token: string | TokenResponse): void {
    const given = tokensJson(token, "token");
    this.#do((core, now) => core.set(given, now, Math.random()));
    this.#keep();
    this.#tabs?.tell({ fresh: this.#snapshot });
  }

  /** A server refused this token: it is dropped if it is still the present one. */
  invalidate(token: string): void {
    if (typeof token !== "string") return;
    this.#do((core, now) => core.invalidate(token, now));
    this.#tabs?.tell({ refused: token });
  }

  /**
   * Begins a login (authorization code with PKCE S256, RFC 7636): where to send the person. The login waits up to 10 minutes
   * for its answer: in a page in sessionStorage, elsewhere in `storage`, or in this manager's memory.
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
   * gives the same result. Throws ERR_LOGIN_REJECTED: `details.subject` is the provider's name for the error, or what was
   * wrong ("state", "iss", "nonce", "azp", or the code of the ID token's verification).
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
    if (this.#logins) {
      this.#logins.forget();
      // A provider that is out of reach keeps nobody logged in here.
      await this.#errand((core, now) => core.discover(now)).catch(() => {});
    }
    const url = this.#alive().logoutUrl();
    await this.revoke(options).catch(() => {});
    return url === undefined ? undefined : new URL(url);
  }

  /**
   * Revokes the tokens (RFC 7009) and forgets them. They are forgotten, too, when the provider does not confirm: then it
   * throws.
   */
  async revoke(options?: { waitUntil?: (promise: Promise<unknown>) => void }): Promise<void> {
    const { waitUntil } = callOptions(options, ["waitUntil"]);
    // An answer that is under way may bring a token that nobody would revoke.
    await within(PATIENCE, this.#flights.settled());
    let flight = 0;
    this.#do((core, now) => {
      flight = core.revoke(now);
      core.signOut(now, true, now);
      this.#tabs?.tell({ out: now });
    });
    await this.#tabs?.noteSignOut(this.#now());
    if (this.#storage) await this.#write(STORAGE_LIMIT, () => this.#storage.delete());
    await this.#errand(() => flight, waitUntil);
  }

  /** When the present token ends, as a NumericDate by this machine's clock. */
  get expiresAt(): number | undefined {
    const millis = this.#alive().expiresAt();
    return millis === undefined ? undefined : millis / 1000;
  }

  get state(): "empty" | "valid" | "refreshing" | "failed" {
    return this.#alive().state(this.#now());
  }

  /** Ends timers and listeners. */
  close(): void {
    // What was sent goes on, so that no refresh token is lost.
    this.#closed = true;
    this.#token = undefined;
    clearTimeout(this.#timer);
    this.#tabs?.close();
    if (typeof globalThis.document === "object") {
      for (const name of wakers) globalThis.removeEventListener(name, this.#wake);
      document.removeEventListener("visibilitychange", this.#wake);
    }
  }

  /** @internal */
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.close();
  }

  #login() {
    this.#alive();
    if (!this.#logins) throw configError("source.type", "must be authorization_code for a login");
    return this.#logins;
  }

  // What logins and tabs need of the manager.
  #driver() {
    return {
      // A manager that is closed ends what it has begun, for whoever else waits for it.
      call: (work) => this.#call(work, this.#present()),
      errand: (begin) => this.#errand(begin),
      write: (limitMs, work) => this.#write(limitMs, work),
      tokens: () => this.#present().export(),
      refreshToken: () => this.#present().refreshToken(),
      adopt: (text, isLogin) => this.#adopt(text, isLogin),
      refused: (token) => this.#do((core, now) => core.invalidate(token, now)),
      signedIn: async () => {
        this.#present().signIn();
        this.#tabs?.tell({ fresh: this.#snapshot, isLogin: true });
        await this.#tabs?.noteSignOut(undefined);
      },
      signedOut: (at, isNews) => this.#signedOut(at, isNews),
      fetch: this.#parts.fetch,
      failed: this.#parts.failed,
    };
  }

  // Each tab has a session storage of its own; the encrypted one was written by whoever has the news.
  #adopt(text, isLogin) {
    // Who was closed while another one took a login's answer has been logged in all the same.
    const core = this.#present();
    const isNewer = this.#do((_, now) => {
      if (isLogin) core.signIn();
      return core.adopt(text, now, Math.random());
    }, core);
    if (isNewer && this.#options.storage === "session") this.#keep();
    return isNewer;
  }

  #signedOut(at, isNews) {
    if (!this.#do((core, now) => core.signOut(at, isNews, now))) return;
    this.#logins?.forget();
    if (this.#options.storage === "session") this.#write(STORAGE_LIMIT, () => this.#storage.delete());
  }

  // Performs what is no refresh, and throws what keeps it from succeeding. Gives the tokens there are afterwards.
  async #errand(begin, waitUntil) {
    const core = this.#present();
    const flight = this.#do(begin, core);
    if (flight !== 0) {
      await this.#flights.start(core, flight, waitUntil);
      if (!this.#isCurrent(core)) throw new ArcgateError("ERR_INTERNAL", "the request was lost", { retryable: true });
      this.#do(() => core.outcome(flight), core);
    }
    return this.#snapshot;
  }

  #put(text) {
    const tokens = JSON.parse(text);
    return this.#storage.put(this.#logins?.beside(tokens) ?? tokens);
  }

  // One write after the other, so that the last one to begin is the last one to be there.
  #write(limitMs, work) {
    const done = within(limitMs, this.#writing)
      .catch(() => {})
      .then(work)
      .then(
        () => true,
        () => false,
      );
    this.#writing = within(limitMs, done, false);
    return this.#writing;
  }

  // Puts what the core holds into the storage, for tokens that no flight has brought.
  #keep() {
    if (!this.#storage || this.#snapshot === undefined) return;
    const text = this.#snapshot;
    this.#write(STORAGE_LIMIT, () => this.#put(text)).then((done) => {
      if (!done) this.#emit({ type: "not_stored" });
    });
  }

  // The core's state may have changed: the token, what there is to tell, and when to look again.
  #changed() {
    this.#token = undefined;
    if (this.#epoch !== instanceEpoch()) return;
    this.#snapshot = this.#core.export();
    this.#report();
    this.#arm();
  }

  #arm() {
    clearTimeout(this.#timer);
    if (this.#closed || !hasTimers) return;
    const now = this.#now();
    const deadline = this.#core.deadline(now);
    if (deadline === undefined) return;
    this.#timer = setTimeout(this.#wake, Math.min(Math.max(deadline - now, 0) + 1, LONGEST_TIMER));
    // A process is not kept alive by it.
    this.#timer?.unref?.();
  }

  #onWake(event) {
    if (this.#closed) return;
    // A page that is put away for the way back hears nothing; when it is shown again, it looks what it has missed.
    if (event?.type === "pagehide") return void this.#tabs?.close();
    if (event?.type === "pageshow" && event.persisted && this.#tabs) this.#returning = this.#catchUp();
    try {
      const flight = this.#alive().wake(this.#now());
      if (flight) this.#flights.start(this.#core, flight);
      else this.#changed();
    } catch (thrown) {
      recoverFrom(thrown);
    }
  }

  async #catchUp() {
    try {
      this.#tabs.open();
      await this.#tabs.look();
      this.#call((core) => core.cameBack());
      this.#tabs.tell({ ask: true });
    } catch {
      // What was missed is asked for with the next token.
    } finally {
      this.#returning = undefined;
    }
  }

  #call(work, core = this.#alive()) {
    try {
      return work(core, this.#now());
    } catch (thrown) {
      recoverFrom(thrown);
      throw toArcgateError(thrown);
    }
  }

  #do(work, core) {
    const result = this.#call(work, core);
    this.#changed();
    return result;
  }

  // What is under way ends, whatever becomes of the user's clock; whoever asks for a token hears of that.
  #steadyNow() {
    try {
      this.#lastNow = this.#now();
    } catch {
      // The last time that it told.
    }
    return this.#lastNow;
  }

  #report() {
    if (this.#epoch !== instanceEpoch()) return;
    for (let event = this.#core.event(); event !== undefined; event = this.#core.event()) {
      const happened = JSON.parse(event);
      // Of an answer that failed a new refresh token may be left.
      if (happened.type === "refreshed" || happened.type === "failed") this.#tabs?.tell({ fresh: this.#core.export() });
      this.#emit(happened);
    }
  }

  #emit(event) {
    const { onEvent } = this.#options;
    if (onEvent) tell(onEvent, event, this.#now);
  }

  #isCurrent(core) {
    return core === this.#core && this.#epoch === instanceEpoch();
  }

  // The core, made anew after a trap.
  #alive() {
    if (this.#closed) {
      throw new ArcgateError("ERR_ABORTED", "the token manager is closed", { details: { fault: "caller" } });
    }
    return this.#present();
  }

  #present() {
    if (this.#epoch !== instanceEpoch()) this.#attach();
    return this.#core;
  }

  #attach() {
    try {
      this.#core = new bindings.TokenCore(...this.#given);
      this.#epoch = instanceEpoch();
      this.#token = undefined;
      this.#flights.clear();
      if (this.#snapshot !== undefined) this.#core.adopt(this.#snapshot, this.#now(), Math.random());
    } catch (thrown) {
      recoverFrom(thrown);
      throw toArcgateError(thrown);
    }
  }
}
