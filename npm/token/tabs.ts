// Tabs of one origin that share tokens: a channel between them, a lock around a refresh, and a note of what a tab did with a
// refresh token. The core decides what comes of it.

import { configError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import { change, read } from "../platform/indexed-db.js";
import { TAB_ASKS, TAB_HAS_TOKENS } from "./numbers.js";
import { base64url } from "./request.js";
import type { TokenManagerOptions, TokenSource } from "./types.js";

// A tab that is stuck gives the lock back after this, in milliseconds.
const LONGEST_HOLD = 62_000;
const NOTE_LIMIT = 1000;
// What a page without tokens waits for others to answer, in milliseconds.
const ASK_AT_FIRST = 150;

/** Whether a manager shares its tokens; refuses where there are no tabs, or nothing that could be told apart. */
export function isShared(source: TokenSource, options: TokenManagerOptions): boolean {
  const { shareAcrossTabs, storage } = options;
  const asksProvider = source.type !== "static" && source.type !== "callback";
  // A refresh token that all tabs can read, and that each uses by itself, is one that is used twice.
  const isNeeded = storage === "encrypted" && asksProvider;
  if ((shareAcrossTabs ?? isNeeded) === false) {
    if (!isNeeded) return false;
    throw configError(
      "shareAcrossTabs",
      'must not be false with the storage "encrypted", which all tabs have in common',
    );
  }
  if (shareAcrossTabs !== undefined && shareAcrossTabs !== true) {
    throw configError("shareAcrossTabs", "must be true or false");
  }
  if (!asksProvider) {
    throw configError("shareAcrossTabs", `is for sources that ask a provider, and not for "${source.type}"`);
  }
  if (typeof globalThis.BroadcastChannel !== "function" || typeof globalThis.location !== "object") {
    throw configError("shareAcrossTabs", "needs a page: there are no tabs here");
  }
  return true;
}

/** What the manager does for its tabs. */
interface Host {
  /** The tokens there are, as the core exports them. */
  tokens(): string | undefined;
  refreshToken(): string | undefined;
  /** Whether another refresh token has come in the place of this one. */
  hasRotated(sent: string): boolean;
  /** Tells the core what another tab has said; gives what came of it. */
  handleTabMessage(message: string): number;
  signedOut(at: number): void;
}

/** What tabs tell each other: tokens, a token that was refused, a refresh token that counts no more, when somebody signed out; or they ask for tokens. */
interface Message {
  ask?: true;
  fresh?: string | undefined;
  isLogin?: boolean | undefined;
  refused?: string;
  lost?: string | undefined;
  out?: number;
}

/** What is noted of all tabs: the hash of the refresh token that was exchanged last, and when somebody signed out. */
interface Note {
  // Under this name it stands in storages, and older versions read it there.
  spent?: string;
  out?: number;
}

/** The other tabs with the same source. */
export class Tabs {
  #name: string;
  #host: Host;
  #channel: BroadcastChannel | undefined;
  #asking = new Set<() => void>();
  #locks = new Map<number, () => void>();
  #sent = new Map<number, string | null>();

  constructor(name: string, host: Host) {
    this.#name = `arcgate:${name}`;
    this.#host = host;
    this.open();
  }

  /** Listens. A page with an open channel may not be put away for the way back, so it is closed for that time. */
  open(): void {
    if (this.#channel) return;
    this.#channel = new globalThis.BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => {
      try {
        this.#received(data);
      } catch {
        // What was not understood is asked for with the next token.
      }
    };
  }

  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Tells the others: `{ fresh, isLogin }` tokens, `{ refused }` a token, `{ out }` when somebody signed out. */
  tell(message: Message): void {
    this.#channel?.postMessage(message);
  }

  /** Tells the others what has come of an attempt: the tokens there are, and the refresh token that counts no more. */
  tellOutcome(core: { export(): string | undefined; lostRefreshToken(): string | undefined }): void {
    this.tell({ fresh: core.export(), lost: core.lostRefreshToken() });
  }

  // Anything of the origin may write to the channel: the core says what counts.
  #received(message: unknown): void {
    const made = this.#host.handleTabMessage(JSON.stringify(message) ?? "");
    const tokens = made & TAB_ASKS ? this.#host.tokens() : undefined;
    if (tokens !== undefined) this.tell({ fresh: tokens });
    if (made & TAB_HAS_TOKENS) for (const found of this.#asking) found();
  }

  /**
   * Asks the others for their tokens: over when some are taken over, or the time is. If one of them has exchanged the refresh
   * token, it is given the longer time. Gives whether this one must not be sent.
   */
  async ask({ limitMs, longMs }: { limitMs: number; longMs: number }): Promise<boolean> {
    const isRotated = longMs > limitMs && (await this.#isRotated());
    const time = isRotated ? longMs : limitMs;
    if (time > 0) {
      let found = () => {};
      const answer = new Promise<void>((resolve) => {
        found = resolve;
      });
      this.#asking.add(found);
      this.tell({ ask: true });
      await within(time, answer);
      this.#asking.delete(found);
    }
    return isRotated && this.#isRotated();
  }

  /** Asks for what a page is to know before it shows anything. */
  async askAtFirst(): Promise<void> {
    await this.ask({ limitMs: ASK_AT_FIRST, longMs: 0 });
  }

  /**
   * Takes the lock for an attempt. Gives whether it was there at once. A tab that ends gives it back; one that keeps it longer
   * than is bearable is overtaken.
   */
  async lock(attempt: number, limitMs: number): Promise<boolean> {
    const locks: LockManager | undefined = globalThis.navigator?.locks;
    if (!locks) return true;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#locks.set(attempt, release);
    const take = (options: LockOptions) =>
      new Promise<boolean>((resolve) => {
        const hold = (lock: Lock | null) => {
          resolve(lock !== null);
          return lock === null ? undefined : within(LONGEST_HOLD, held);
        };
        locks.request(this.#name, options, hold).catch(() => resolve(false));
      });
    const isFree = await take({ ifAvailable: true });
    if (!isFree) await take({ signal: AbortSignal.timeout(limitMs) });
    return isFree;
  }

  /** An attempt sends its refresh token. */
  sends(attempt: number, body: string): void {
    this.#sent.set(attempt, new URLSearchParams(body).get("refresh_token"));
  }

  /** An attempt is over: what it spent is noted, then the next tab has its turn. */
  async ended(attempt: number): Promise<void> {
    const [sent, release] = [this.#sent.get(attempt), this.#locks.get(attempt)];
    this.#sent.delete(attempt);
    this.#locks.delete(attempt);
    try {
      if (sent && this.#host.hasRotated(sent)) await this.#update({ spent: await digest(sent) });
    } finally {
      release?.();
    }
  }

  /** Notes when somebody signed out; `undefined` when somebody has signed in. */
  async noteSignOut(at: number | undefined): Promise<void> {
    await this.#update({ out: at });
  }

  /** Learns what happened while nobody listened. */
  async look(): Promise<void> {
    const { out } = await this.#noted();
    if (typeof out === "number") this.#host.signedOut(out);
  }

  async #isRotated(): Promise<boolean> {
    const token = this.#host.refreshToken();
    const { spent } = await this.#noted();
    return spent !== undefined && token !== undefined && spent === (await digest(token));
  }

  // What is noted helps, and nothing depends on it: a page that may keep nothing goes on without.
  #noted(): Promise<Note> {
    return within(
      NOTE_LIMIT,
      Promise.resolve()
        .then(() => read("tabs", this.#name))
        .catch(() => {}),
    ).then((it) => (it ?? {}) as Note);
  }

  async #update(members: { spent?: string | undefined } | { out: number | undefined }): Promise<void> {
    await within(
      NOTE_LIMIT,
      change("tabs", this.#name, members).catch(() => {}),
    );
  }
}

async function digest(token: string): Promise<string | undefined> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  const hash = await subtle?.digest("SHA-256", new TextEncoder().encode(token));
  return hash && base64url(new Uint8Array(hash));
}
