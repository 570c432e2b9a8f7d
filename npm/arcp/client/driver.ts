// The driver of an ARCP session: sockets, timers and tokens. The core says what to do; this does it.

import { ArcgateError, type CoreError, toArcgateError } from "../../errors.js";
import { optionsJson } from "../../platform/json.js";
import { MachineDriver } from "../../platform/machine-driver.js";
import { call, client, failureOf } from "../../platform/modules/client.js";
import { cleaned } from "../../platform/peer-errors.js";
import type { BearerSource } from "../../token/bearer.js";
import { NORMAL } from "../close-codes.js";
import type { ClientAction, Closed, Connect, CoreAction, ShouldRetry } from "./actions.js";
import type { InputArguments, InputName, RequestName, Session } from "./inputs.js";
import { ABNORMAL_CLOSURE, FRAME_HEAD, LONGEST_FRAME } from "./numbers.js";
import type { ClosedEvent, WebSocketClass, WebSocketLike } from "./types.js";

// The clock is looked at once a minute, so that it is noticed when somebody sets it.
const LONGEST_TIMER = 60_000;
// Tokens that a peer may quote in an error.
const KEPT_SECRETS = 4;
const wakes = ["online", "pageshow", "focus", "visibilitychange"];

interface Connection {
  abort: AbortController;
  socket?: WebSocketLike;
}

export interface DriverOptions {
  url: string;
  WebSocket: WebSocketClass;
  bearer: BearerSource | undefined;
  shouldRetry: ShouldRetry | undefined;
  /** The core's, without what stays in JavaScript. */
  options: object;
  /** Gets the actions that are not about connections. */
  perform(action: ClientAction): void;
}

/** One session over as many connections as it takes. */
export class Driver {
  #url: string;
  #WebSocket: WebSocketClass;
  #bearer: BearerSource | undefined;
  #shouldRetry: ShouldRetry | undefined;
  #perform: (action: ClientAction) => void;
  #machine: MachineDriver<Session>;
  #connections = new Map<number, Connection>();
  #token: string | undefined;
  #tokenEnds: number | undefined;
  #secrets: string[] = [];
  #tokenError: ArcgateError | undefined;
  // Whether the token stands in the place of one that was refused, and the runtime has not said yet whether it is any better.
  #isOnTrial = false;
  #over = false;
  #onWake = () => {
    if (globalThis.document?.visibilityState !== "hidden") this.call("handleWakeHint");
  };

  constructor({ url, WebSocket, bearer, shouldRetry, options, perform }: DriverOptions) {
    this.#url = url;
    this.#WebSocket = WebSocket;
    this.#bearer = bearer;
    this.#shouldRetry = shouldRetry;
    this.#perform = perform;
    const [one = 0, other = 0] = crypto.getRandomValues(new Uint32Array(2));
    this.#machine = new MachineDriver(client, {
      make: () => new client.bindings.ArcpSession(optionsJson(options, ["client", "reconnect"]), one, other),
      onTimeout: () => this.call("handleTimeout"),
      longestMs: LONGEST_TIMER,
    });
    // Options that are wrong are said at once.
    void this.#machine.machine;
    // After a sleep, a freeze or a time without network nobody waits for a timer. (Only browsers know these events.) Not while they are
    // on their way down: a field that gets the focus is no page that is looked at again.
    if (typeof globalThis.navigator?.onLine === "boolean") {
      for (const name of wakes) globalThis.addEventListener(name, this.#onWake);
    }
  }

  /** Calls the core with the time as the last argument, and does what comes of it. */
  call<Name extends InputName>(input: Name, ...args: InputArguments<Name>): void {
    this.#input(input, args);
  }

  /** The same, for a request: `before(number)` runs before what comes of it. No number when the session is over. */
  ask<Name extends RequestName>(
    input: Name,
    args: InputArguments<Name>,
    before: (number: number) => void,
  ): number | undefined {
    return this.#input(input, args, before) as number | undefined;
  }

  #input(input: InputName, args: readonly unknown[], before?: (number: number) => void): unknown {
    if (this.#over) return undefined;
    try {
      const core = this.#core() as unknown as Record<InputName, (...args: unknown[]) => unknown>;
      const value = core[input](...args, Date.now());
      before?.(value as number);
      this.#machine.drain(
        () => (this.#over ? undefined : this.#core().pollAction()),
        (text) => this.#act(JSON.parse(text) as CoreAction),
      );
      if (!this.#over) this.#machine.arm(this.#core(), Date.now());
      return value;
    } catch (thrown) {
      this.#broken(failureOf(thrown));
      return undefined;
    }
  }

  // A session that a trap has taken is over: what the runtime knows of it is in no other machine.
  #core(): Session {
    if (this.#machine.isAlive) return this.#machine.machine;
    throw new ArcgateError("ERR_INTERNAL", "the module was restarted");
  }

  /** A value from the peer without our tokens in it. */
  clean<T>(value: T): T {
    return cleaned(value, this.#secrets);
  }

  #act(action: CoreAction) {
    switch (action.do) {
      case "connect":
        return void this.#connect(action);
      case "send":
        return this.#send(action);
      case "close":
        return this.#close(action.conn, action.code, action.reason);
      case "closed":
        return this.#closed(action);
      case "notify":
        if (["open", "resumed", "tokenRefreshed"].includes(action.event.type)) this.#tried(true);
        return this.#perform(action);
      default:
        return this.#perform(action);
    }
  }

  #tried(hasHelped: boolean): void {
    if (this.#isOnTrial) this.#bearer?.tried(this.#url, hasHelped);
    this.#isOnTrial = false;
  }

  // A token, then a connection: the runtime's patience for a hello begins with the connection.
  async #connect({ conn, fresh, outlastMs }: Connect): Promise<void> {
    const abort = new AbortController();
    this.#connections.set(conn, { abort });
    const isWanted = () => !this.#over && this.#connections.get(conn)?.abort === abort;
    let token: string | undefined;
    let ends = Number.NaN;
    if (this.#bearer) {
      try {
        token = await this.#bearer.next(this.#token, {
          where: this.#url,
          fresh,
          outlastMs,
          lastEnds: this.#tokenEnds,
          signal: abort.signal,
        });
        if (token !== undefined) call("checkUrlHoldsNot", this.#url, token);
      } catch (thrown) {
        if (!isWanted()) return;
        this.#connections.delete(conn);
        this.#tokenError = toArcgateError(thrown);
        return void this.call("handleTokenFailure", conn, this.#tokenError.retryable);
      }
      if (!isWanted()) return;
      if (token === undefined) {
        this.#connections.delete(conn);
        return void this.call("handleTokenUnchanged", conn);
      }
      if (outlastMs === undefined) this.#isOnTrial = fresh && token !== this.#token;
      if (token !== this.#token) this.#secrets = [token, ...this.#secrets].slice(0, KEPT_SECRETS);
      this.#token = token;
      ends = this.#bearer.endOf(token) ?? Number.NaN;
      this.#tokenEnds = ends;
    }
    this.call("handleDialing", conn);
    if (isWanted()) this.#open(conn, token, ends);
  }

  #open(conn: number, token: string | undefined, ends: number) {
    let isClosed = false;
    const closed = (code: number, reason = "", wasClean = false) => {
      if (isClosed) return;
      isClosed = true;
      this.#connections.delete(conn);
      if (this.#over) return;
      this.call("handleClosed", conn, code, this.#mayRetry({ code, reason, wasClean }));
    };
    let socket: WebSocketLike;
    try {
      socket = new this.#WebSocket(this.#url);
      socket.binaryType = "arraybuffer";
    } catch {
      return closed(ABNORMAL_CLOSURE);
    }
    this.#connections.set(conn, { abort: new AbortController(), ...this.#connections.get(conn), socket });
    socket.addEventListener("open", () => this.call("handleOpened", conn, token, ends));
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string" && data.length <= LONGEST_FRAME) this.call("handleFrame", conn, data);
      else this.call("handleBrokenFrame", conn, typeof data === "string" ? data.slice(0, FRAME_HEAD) : "");
    });
    socket.addEventListener("close", ({ code, reason, wasClean }) => closed(code, reason, wasClean));
    // Some platforms send no `close` after it.
    socket.addEventListener("error", () => setTimeout(closed, 50, ABNORMAL_CLOSURE));
  }

  #mayRetry(event: ClosedEvent): boolean {
    if (!this.#shouldRetry) return true;
    try {
      return this.#shouldRetry(event) !== false;
    } catch {
      return true;
    }
  }

  #send({ conn, text }: { conn: number; text: string }): void {
    const socket = this.#connections.get(conn)?.socket;
    // It is closing, and its `close` event tells the core: a browser would complain in the console.
    if (socket && socket.readyState > 1) return;
    try {
      socket?.send(text);
    } catch {
      // The same.
    }
  }

  #close(conn: number, code: number, reason: string): void {
    const entry = this.#connections.get(conn);
    if (!entry) return;
    entry.abort.abort();
    if (!entry.socket) return void this.#connections.delete(conn);
    try {
      entry.socket.close(code, reason);
    } catch {
      // It is closed.
    }
  }

  #closed(action: Closed<CoreError>): void {
    this.#end();
    if (action.error.code === "ERR_UNAUTHENTICATED") this.#tried(false);
    const tokenError = action.error.code === "ERR_REFRESH_UNAVAILABLE" ? this.#tokenError : undefined;
    const { code, message, retryable, details } = this.clean(action.error);
    const error = tokenError ?? new ArcgateError(code, message, { retryable, details });
    const reason = tokenError ? error.message : this.clean(action.reason);
    this.#perform({ do: "closed", code: tokenError ? error.code : action.code, reason, error });
  }

  #broken(error: ArcgateError): void {
    if (this.#over) return;
    this.#end();
    this.#perform({ do: "closed", code: error.code, reason: error.message, error });
  }

  #end(): void {
    this.#over = true;
    if (typeof globalThis.navigator?.onLine === "boolean") {
      for (const name of wakes) globalThis.removeEventListener(name, this.#onWake);
    }
    for (const conn of [...this.#connections.keys()]) this.#close(conn, NORMAL.code, "");
    this.#machine.end();
  }
}
