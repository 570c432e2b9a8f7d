// @ts-nocheck
// The driver of an ARCP session: sockets, timers and tokens. The core says what to do; this does it.

import { ArcgateError, configError, toArcgateError } from "../../errors.js";
import { optionsJson } from "../../platform/json.js";
import { cleaned } from "../../platform/peer-errors.js";
import { bindings, instanceEpoch, recoverFrom } from "../../platform/wasm.js";

// The clock is looked at once a minute, so that it is noticed when somebody sets it.
const LONGEST_TIMER = 60_000;
// A frame beyond this is not looked at.
const LONGEST_FRAME = 16 * 1024 * 1024;
// As much of its beginning is looked at for its number.
const LONGEST_HEAD = 4096;
// Tokens that a peer may quote in an error.
const KEPT_SECRETS = 4;
const wakes = ["online", "pageshow", "focus", "visibilitychange"];

/** One session over as many connections as it takes. `perform` gets the actions that are not about connections. */
export class Link {
  #url;
  #WebSocket;
  #bearer;
  #shouldRetry;
  #perform;
  #core;
  #epoch;
  #sockets = new Map();
  #token;
  #tokenEnds;
  #secrets = [];
  #tokenError;
  #timer;
  #deadline;
  #draining = false;
  #over = false;
  #onWake = () => {
    if (globalThis.document?.visibilityState !== "hidden") this.call("nudge");
  };

  constructor({ url, WebSocket, bearer, shouldRetry, options, perform }) {
    this.#url = url;
    this.#WebSocket = WebSocket;
    this.#bearer = bearer;
    this.#shouldRetry = shouldRetry;
    this.#perform = perform;
    const seed = crypto.getRandomValues(new Uint32Array(2));
    try {
      this.#core = new bindings.ArcpSession(optionsJson(options, ["client", "reconnect"]), seed[0], seed[1]);
    } catch (thrown) {
      recoverFrom(thrown);
      throw toArcgateError(thrown);
    }
    this.#epoch = instanceEpoch();
    // After a sleep, a freeze or a time without network nobody waits for a timer. (Only browsers know these events.)
    if (typeof globalThis.navigator?.onLine === "boolean") {
      for (const name of wakes) globalThis.addEventListener(name, this.#onWake, { capture: true });
    }
  }

  /** Calls the core with the time as the last argument, and does what comes of it. `before` runs in between. */
  call(method, ...args) {
    return this.ask(method, args);
  }

  /** The same, for calls that give a number: `before(number)` runs before what comes of it. */
  ask(method, args, before) {
    if (this.#over) return undefined;
    try {
      if (this.#epoch !== instanceEpoch()) throw new ArcgateError("ERR_INTERNAL", "the module was restarted");
      const value = this.#core[method](...args, Date.now());
      before?.(value);
      this.#drain();
      return value;
    } catch (thrown) {
      recoverFrom(thrown);
      this.#broken(thrown);
      return undefined;
    }
  }

  /** A value from the peer without our tokens in it. */
  clean(value) {
    return cleaned(value, this.#secrets);
  }

  // What comes of an action may call again: the outermost loop goes on with it.
  #drain() {
    if (this.#draining) return;
    this.#draining = true;
    try {
      for (let text = this.#core.poll(); text !== undefined; text = this.#core.poll()) {
        this.#act(JSON.parse(text));
        if (this.#over) return;
      }
    } finally {
      this.#draining = false;
    }
    this.#arm();
  }

  #act(action) {
    switch (action.do) {
      case "connect":
        return void this.#connect(action);
      case "send":
        return this.#send(action);
      case "close":
        return this.#close(action.conn, action.code, action.reason);
      case "closed":
        return this.#closed(action);
      default:
        return this.#perform(action);
    }
  }

  // A token, then a connection: the runtime's patience for a hello begins with the connection.
  async #connect({ conn, fresh, outlastMs }) {
    const abort = new AbortController();
    this.#sockets.set(conn, { abort });
    const isWanted = () => !this.#over && this.#sockets.get(conn)?.abort === abort;
    let token;
    let ends = Number.NaN;
    if (this.#bearer) {
      try {
        token = await this.#bearer.next(this.#token, {
          fresh,
          outlastMs,
          lastEnds: this.#tokenEnds,
          signal: abort.signal,
        });
      } catch (thrown) {
        if (!isWanted()) return;
        this.#sockets.delete(conn);
        this.#tokenError = toArcgateError(thrown);
        return void this.call("noToken", conn, this.#tokenError.retryable);
      }
      if (!isWanted()) return;
      if (token === undefined) {
        this.#sockets.delete(conn);
        return void this.call("unchanged", conn);
      }
      if (token.length >= 6 && this.#url.includes(token)) {
        this.#sockets.delete(conn);
        this.#tokenError = configError("url", "holds the token: URLs are logged and remembered");
        return void this.call("noToken", conn, false);
      }
      if (token !== this.#token) this.#secrets = [token, ...this.#secrets].slice(0, KEPT_SECRETS);
      this.#token = token;
      ends = this.#bearer.endOf(token) ?? Number.NaN;
      this.#tokenEnds = ends;
    }
    this.call("dialing", conn);
    if (isWanted()) this.#open(conn, token, ends);
  }

  #open(conn, token, ends) {
    let isGone = false;
    const gone = (code, reason = "", wasClean = false) => {
      if (isGone) return;
      isGone = true;
      this.#sockets.delete(conn);
      if (this.#over) return;
      this.call("gone", conn, code, this.#mayRetry({ code, reason, wasClean }));
    };
    let socket;
    try {
      socket = new this.#WebSocket(this.#url);
      socket.binaryType = "arraybuffer";
    } catch {
      return gone(1006);
    }
    this.#sockets.set(conn, { ...this.#sockets.get(conn), socket });
    socket.addEventListener("open", () => this.call("opened", conn, token, ends));
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string" && data.length <= LONGEST_FRAME) this.call("frame", conn, data);
      else this.call("brokenFrame", conn, typeof data === "string" ? data.slice(0, LONGEST_HEAD) : "");
    });
    socket.addEventListener("close", ({ code, reason, wasClean }) => gone(code, reason, wasClean));
    // Some platforms send no `close` after it.
    socket.addEventListener("error", () => setTimeout(gone, 50, 1006));
  }

  #mayRetry(event) {
    if (!this.#shouldRetry) return true;
    try {
      return this.#shouldRetry(event) !== false;
    } catch {
      return true;
    }
  }

  #send({ conn, text }) {
    const socket = this.#sockets.get(conn)?.socket;
    // It is closing, and its `close` event tells the core: a browser would complain in the console.
    if (socket?.readyState > 1) return;
    try {
      socket?.send(text);
    } catch {
      // The same.
    }
  }

  #close(conn, code, reason) {
    const entry = this.#sockets.get(conn);
    if (!entry) return;
    entry.abort.abort();
    if (!entry.socket) return void this.#sockets.delete(conn);
    try {
      entry.socket.close(code, reason);
    } catch {
      // It is closed.
    }
  }

  #arm() {
    const deadline = this.#core.deadline();
    if (deadline === this.#deadline && this.#timer !== undefined) return;
    this.#deadline = deadline;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (deadline === undefined) return;
    const pause = Math.min(Math.max(deadline - Date.now(), 0), LONGEST_TIMER);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.call("wake");
    }, pause);
  }

  #closed(action) {
    this.#end();
    const isTokens = action.error.code === "ERR_REFRESH_UNAVAILABLE" && this.#tokenError;
    const { code, message, retryable, details } = this.clean(action.error);
    const error = isTokens ? this.#tokenError : new ArcgateError(code, message, { retryable, details });
    const reason = isTokens ? error.message : this.clean(action.reason);
    this.#perform({ do: "closed", code: isTokens ? error.code : action.code, reason, error });
  }

  #broken(thrown) {
    if (this.#over) return;
    this.#end();
    const error = toArcgateError(thrown);
    this.#perform({ do: "closed", code: error.code, reason: error.message, error });
  }

  #end() {
    this.#over = true;
    clearTimeout(this.#timer);
    if (typeof globalThis.navigator?.onLine === "boolean") {
      for (const name of wakes) globalThis.removeEventListener(name, this.#onWake, { capture: true });
    }
    for (const conn of [...this.#sockets.keys()]) this.#close(conn, 1000, "");
    if (this.#epoch === instanceEpoch()) this.#core.free();
  }
}
