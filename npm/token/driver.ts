// The loop that drives a token manager's machine over fetch, timers, storage and other tabs. The core decides; this carries.

import { ArcgateError } from "../errors.js";
import { clock, steady } from "../platform/clock.js";
import { notify, type Untimed } from "../platform/events.js";
import { MachineDriver } from "../platform/machine-driver.js";
import { client, guarded, recoverFrom } from "../platform/modules/client.js";
import type { TokenCore } from "../wasm/client.js";
import type { Step, WaitUntil } from "./actions.js";
import { Attempts, type Parts, perform } from "./attempts.js";
import { Logins } from "./login.js";
import { TAB_HAS_TOKENS, TAB_LOST, TAB_SIGNED_OUT } from "./numbers.js";
import { coreOptions } from "./options.js";
import { Standing } from "./standing.js";
import { stillThere, storageOf, WriteQueue, warnOfStorage } from "./storage.js";
import { Tabs } from "./tabs.js";
import type { StoredTokens, TokenEvent, TokenManagerOptions, TokenSource, TokenStorage } from "./types.js";
import { hasTimers, listen } from "./wake.js";

// The clock is looked at once a minute, so that it is noticed when somebody sets it back.
const LONGEST_TIMER = 60_000;
const STORAGE_LIMIT = 5000;

/** What a manager is made of, and does for its logins and tabs. */
export class TokenDriver {
  readonly attempts: Attempts;
  readonly tabs: Tabs | undefined;
  readonly logins: Logins | undefined;
  readonly fetch: Parts["fetch"];
  readonly standing = new Standing(() => (this.#isClosed ? undefined : { core: this.core, now: this.now() }));
  /** The token that the core gave last; nothing as soon as it may have another one. */
  token: string | undefined;
  /** What a page that was put away has missed is being asked for. */
  returning: Promise<void> | undefined;
  #options: TokenManagerOptions;
  #now: () => number;
  #machine: MachineDriver<TokenCore>;
  #storage: TokenStorage | undefined;
  #persisted: string | undefined;
  #writes = new WriteQueue();
  #isClosed = false;
  #onWake = (event?: Event): void => this.#wake(event);

  constructor(source: TokenSource, options: TokenManagerOptions) {
    const { given, signing, isShared } = coreOptions(source, options);
    this.#options = { ...options, onEvent: options.onEvent ?? warnOfStorage };
    this.#now = options.now === undefined ? Date.now : clock(options.now);
    this.#machine = new MachineDriver<TokenCore>(client, {
      make: () => new client.bindings.TokenCore(...given, Math.random()),
      made: (core) => this.#made(core),
      onTimeout: () => this.#wake(),
      longestMs: LONGEST_TIMER,
      isBackground: true,
    });
    this.attempts = new Attempts({
      // What is under way ends, whatever becomes of the user's clock; whoever asks for a token hears of that.
      now: steady(this.#now),
      isCurrent: (core) => this.isCurrent(core),
      perform: (action, attempt) => perform(action, attempt, parts),
      ended: (attempt) => this.#ended(attempt),
    });
    const name = this.core.sourceId();
    this.#storage = storageOf(options.storage, name);
    this.fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    if (isShared) this.tabs = new Tabs(name, this);
    const own = { ...source };
    if (own.type === "authorization_code") this.logins = new Logins(own, this.#storage, this, options.insecureHosts);
    const { tabs, logins, fetch } = this;
    const parts: Parts = {
      source: own,
      signing,
      storage: this.#storage,
      fetch,
      tabs,
      logins,
      failed: (cause) => this.failed(cause),
      write: (limitMs, work) => this.write(limitMs, work),
      put: (text) => this.#put(text),
    };
    if (hasTimers) listen("addEventListener", this.#onWake);
  }

  // A new core goes on with what the last one knew.
  #made(core: TokenCore): void {
    this.token = undefined;
    this.attempts.clear();
    if (this.#persisted !== undefined) core.handleSharedTokens(this.#persisted, this.#now());
  }

  /** The core, whether or not the manager is closed: one that is closed ends what it has begun, for whoever waits for it. */
  get core(): TokenCore {
    return this.#machine.machine;
  }

  /** The core of a manager that is in use. */
  alive(): TokenCore {
    if (this.#isClosed) {
      throw new ArcgateError("ERR_ABORTED", "the token manager is closed", { details: { fault: "caller" } });
    }
    return this.core;
  }

  /** Whether a core is still the manager's. */
  isCurrent(core: TokenCore): boolean {
    return this.#machine.isCurrent(core);
  }

  /** The present in milliseconds. */
  now(): number {
    return this.#now();
  }

  /** Says something to the core that changes nothing. */
  call<T>(step: Step<T>, core = this.core): T {
    return guarded(() => step(core, this.#now()));
  }

  /** Says something to the core, and looks what has changed. */
  do<T>(step: Step<T>, core = this.alive()): T {
    const result = this.call(step, core);
    this.#changed();
    return result;
  }

  /** Performs what is no refresh, and throws what keeps it from succeeding. Gives the tokens there are afterwards. */
  async operation(begin: Step<number>, waitUntil?: WaitUntil): Promise<string | undefined> {
    const { core } = this;
    const attempt = this.do(begin, core);
    if (attempt !== 0) {
      await this.attempts.start(core, attempt, waitUntil);
      if (!this.isCurrent(core)) throw new ArcgateError("ERR_INTERNAL", "the request was lost", { retryable: true });
      this.do(() => core.outcome(attempt), core);
    }
    return this.#persisted;
  }

  /** What a storage or another tab is given. */
  tokens(): string | undefined {
    return this.core.export();
  }

  refreshToken(): string | undefined {
    return this.core.refreshToken();
  }

  hasRotated(sent: string): boolean {
    return this.core.hasRotated(sent);
  }

  /** What kept the present attempt from an answer. */
  failed(cause: unknown): void {
    this.attempts.cause = cause;
  }

  /** Another tab, or manager, has said something. Gives what came of it, in bits. */
  handleTabMessage(message: string, core = this.alive()): number {
    const made = this.do((_, now) => core.handleTabMessage(message, now), core);
    // Each tab has a session storage of its own; the encrypted one was written by whoever has the news.
    if (made & TAB_HAS_TOKENS && this.#options.storage === "session") this.keep();
    if (made & (TAB_SIGNED_OUT | TAB_LOST)) this.#forgotten((made & TAB_SIGNED_OUT) !== 0);
    return made;
  }

  /** Takes over the tokens of the manager that took a login's answer. */
  adopt(fresh: string): void {
    // Who was closed meanwhile has been logged in all the same.
    this.handleTabMessage(JSON.stringify({ fresh, isLogin: true }), this.core);
  }

  /** A login has succeeded. */
  async signedIn(): Promise<void> {
    this.call((core, now) => core.handleSignIn(now));
    this.share(true);
    await this.tabs?.noteSignOut(undefined);
  }

  /** Somebody signed out before this page was loaded, or while it was away. */
  signedOut(at: number): void {
    if (this.do((core, now) => core.handleSignOut(at, false, now))) this.#forgotten();
  }

  #forgotten(isSignOut = true): void {
    if (isSignOut) this.logins?.forget();
    if (this.#options.storage === "session") this.write(STORAGE_LIMIT, () => this.#storage?.delete());
  }

  /** Performs a write to the storage, after those before it. Gives whether it was done. */
  write(limitMs: number, work: () => unknown): Promise<boolean> {
    return this.#writes.add(limitMs, work);
  }

  /** Takes over what is stored of somebody's login, or what another tab has, so that a page knows at once who they are. */
  async restore(): Promise<void> {
    const stored = this.logins && (await stillThere(STORAGE_LIMIT, this.#storage, this.tabs));
    if (stored !== undefined) this.do((core, now) => core.handleSharedTokens(stored, now));
    if (this.logins && this.tokens() === undefined) await this.tabs?.askAtFirst();
  }

  async erase(): Promise<void> {
    if (this.#storage) await this.write(STORAGE_LIMIT, () => this.#storage?.delete());
  }

  /** Puts what the core holds into the storage, for tokens that no attempt has brought. */
  keep(): void {
    if (!this.#storage || this.#persisted === undefined) return;
    const text = this.#persisted;
    this.write(STORAGE_LIMIT, () => this.#put(text)).then((done) => {
      if (!done) this.#emit({ type: "not_stored" });
    });
  }

  /** Tells the other tabs of the tokens there are. */
  share(isLogin?: true): void {
    this.tabs?.tell({ fresh: this.#persisted, isLogin });
  }

  /** Hands the core's events, and what has changed, to whoever listens. */
  report(): void {
    this.standing.notice();
    if (!this.#machine.isAlive) return;
    const { core } = this;
    for (let event = core.pollEvent(); event !== undefined; event = core.pollEvent()) {
      const happened: Untimed<TokenEvent> = JSON.parse(event);
      // Of an answer that failed a new refresh token may be left.
      if (happened.type === "refreshed" || happened.type === "failed") this.tabs?.tellOutcome(core);
      this.#emit(happened);
    }
  }

  /** Ends timers and listeners. */
  close(): void {
    this.#isClosed = true;
    this.token = undefined;
    this.#machine.disarm();
    this.standing.close();
    this.tabs?.close();
    listen("removeEventListener", this.#onWake);
  }

  #put(text: string): unknown {
    const tokens: StoredTokens = JSON.parse(text);
    return this.#storage?.put(this.logins?.beside(tokens) ?? tokens);
  }

  // The core's state may have changed: the token, what there is to tell, and when to look again.
  #changed(): void {
    this.token = undefined;
    if (!this.#machine.isAlive) return;
    this.#persisted = this.core.export();
    this.report();
    if (this.#isClosed || !hasTimers) return;
    const now = this.#now();
    this.#machine.arm(this.core, now);
  }

  #ended(attempt: number): void {
    try {
      this.#changed();
    } catch {
      // A clock of the user's that fails now and then. Whoever asks next hears of it.
    }
    this.tabs?.ended(attempt).catch(() => {});
  }

  #wake(event?: Event): void {
    if (this.#isClosed) return;
    // A page that is put away for the way back hears nothing; when it is shown again, it looks what it has missed.
    if (event?.type === "pagehide") {
      this.tabs?.close();
      return;
    }
    const isBack = event?.type === "pageshow" && (event as PageTransitionEvent).persisted;
    if (isBack && this.tabs) this.returning = this.#catchUp(this.tabs);
    try {
      const attempt = this.core.handleTimeout(this.#now());
      if (attempt) this.attempts.start(this.core, attempt);
      else this.#changed();
    } catch (thrown) {
      recoverFrom(thrown);
    }
  }

  async #catchUp(tabs: Tabs): Promise<void> {
    try {
      tabs.open();
      await tabs.look();
      this.call((core, now) => core.handleReturn(now), this.alive());
      tabs.tell({ ask: true });
    } catch {
      // What was missed is asked for with the next token.
    } finally {
      this.returning = undefined;
    }
  }

  #emit(event: Untimed<TokenEvent>): void {
    const { onEvent } = this.#options;
    if (onEvent) notify(onEvent, event, this.#now);
  }
}
