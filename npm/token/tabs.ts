// @ts-nocheck
// Tabs of one origin that share tokens: a channel between them, a lock around a refresh, and a note of what a tab did with a
// refresh token. The core decides what comes of it.

import { configError } from "../errors.js";
import { within } from "../platform/cancellation.js";
import { change, read } from "../platform/indexed-db.js";
import { base64url } from "./request.js";

// A tab that is stuck gives the lock back after this, in milliseconds.
const LONGEST_HOLD = 62_000;
const NOTE_LIMIT = 1000;

/** Whether a manager shares its tokens; refuses where there are no tabs, or nothing that could be told apart. */
export function isShared(source, { shareAcrossTabs, storage }) {
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
  if (typeof BroadcastChannel !== "function" || typeof globalThis.location !== "object") {
    throw configError("shareAcrossTabs", "needs a page: there are no tabs here");
  }
  return true;
}

/** The other tabs with the same source. `driver` is what the manager does for it. */
export class Tabs {
  #name;
  #driver;
  #channel;
  #asking = new Set();
  #locks = new Map();
  #sent = new Map();

  constructor(name, driver) {
    this.#name = `arcgate:${name}`;
    this.#driver = driver;
    this.open();
  }

  /** Listens. A page with an open channel may not be put away for the way back, so it is closed for that time. */
  open() {
    if (this.#channel) return;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => {
      try {
        this.#heard(data);
      } catch {
        // What was not understood is asked for with the next token.
      }
    };
  }

  close() {
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Tells the others: `{ fresh, isLogin }` tokens, `{ refused }` a token, `{ out }` when somebody signed out. */
  tell(message) {
    this.#channel?.postMessage(message);
  }

  #heard(message) {
    const { ask, fresh, isLogin, refused, out } = message ?? {};
    const tokens = ask && this.#driver.tokens();
    if (tokens !== undefined && ask) this.tell({ fresh: tokens });
    if (typeof fresh === "string" && this.#driver.adopt(fresh, isLogin === true)) {
      for (const found of this.#asking) found();
    }
    if (typeof refused === "string") this.#driver.refused(refused);
    if (typeof out === "number") this.#driver.signedOut(out, true);
  }

  /**
   * Asks the others for their tokens: over when some are taken over, or the time is. If one of them has exchanged the refresh
   * token, it is given the longer time. Gives whether this one must not be sent.
   */
  async ask({ limitMs, longMs }) {
    const isSpent = longMs > limitMs && (await this.#isSpent());
    const time = isSpent ? longMs : limitMs;
    if (time > 0) {
      let found;
      const answer = new Promise((resolve) => {
        found = resolve;
      });
      this.#asking.add(found);
      this.tell({ ask: true });
      await within(time, answer);
      this.#asking.delete(found);
    }
    return isSpent && this.#isSpent();
  }

  /**
   * Takes the lock for a flight. Gives whether it was there at once. A tab that ends gives it back; one that keeps it longer
   * than is bearable is overtaken.
   */
  async lock(flight, limitMs) {
    const { locks } = globalThis.navigator ?? {};
    if (!locks) return true;
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    this.#locks.set(flight, release);
    const take = (options) =>
      new Promise((resolve) => {
        const hold = (lock) => {
          resolve(lock !== null);
          return lock === null ? undefined : within(LONGEST_HOLD, held);
        };
        locks.request(this.#name, options, hold).catch(() => resolve(false));
      });
    const isFree = await take({ ifAvailable: true });
    if (!isFree) await take({ signal: AbortSignal.timeout(limitMs) });
    return isFree;
  }

  /** A flight sends its refresh token. */
  sends(flight, body) {
    this.#sent.set(flight, new URLSearchParams(body).get("refresh_token"));
  }

  /** A flight is over: what it spent is noted, then the next tab has its turn. */
  async ended(flight) {
    const [sent, release] = [this.#sent.get(flight), this.#locks.get(flight)];
    this.#sent.delete(flight);
    this.#locks.delete(flight);
    try {
      const present = this.#driver.refreshToken();
      if (sent && present && sent !== present) await this.#update({ spent: await digest(sent) });
    } finally {
      release?.();
    }
  }

  /** Notes when somebody signed out; `undefined` when somebody has signed in. */
  async noteSignOut(at) {
    await this.#update({ out: at });
  }

  /** Learns what happened while nobody listened. */
  async look() {
    const { out } = await this.#noted();
    if (typeof out === "number") this.#driver.signedOut(out, false);
  }

  async #isSpent() {
    const token = this.#driver.refreshToken();
    const { spent } = await this.#noted();
    return spent !== undefined && token !== undefined && spent === (await digest(token));
  }

  // What is noted helps, and nothing depends on it: a page that may keep nothing goes on without.
  #noted() {
    return within(
      NOTE_LIMIT,
      Promise.resolve()
        .then(() => read("tabs", this.#name))
        .catch(() => {}),
    ).then((it) => it ?? {});
  }

  async #update(members) {
    await within(
      NOTE_LIMIT,
      change("tabs", this.#name, members).catch(() => {}),
    );
  }
}

async function digest(token) {
  const hash = await globalThis.crypto?.subtle?.digest("SHA-256", new TextEncoder().encode(token));
  return hash && base64url(new Uint8Array(hash));
}
