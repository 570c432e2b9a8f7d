// One WebSocket to the runtime: what was sent and what came, in order. Nothing is waited for without a bound.

import { envelope, type Json, type Message, parseMessage } from "./messages.js";
import type { Secrets } from "./secrets.js";
import { type Frame, Unmet } from "./verdict.js";
import type { OutgoingFrame } from "./websocket/frames.js";
import { type Closed, Socket } from "./websocket/socket.js";

/** More than this on one connection is a flood, which is cut off. */
const MAX_CHARACTERS = 64_000_000;
/** What keeping a message costs besides its text, in characters. */
const EACH_MESSAGE = 500;
/** More welcomes than this on one connection are one, too: the token of each is looked for in all that is told. */
const MAX_WELCOMES = 4;
/** More of one frame is no evidence. */
const MAX_TEXT = 2000;

/** Something that came. */
export interface Received {
  /** Its place among what came on this connection. */
  index: number;
  connection: Connection;
  /** Undefined for what is no message: no JSON object, or binary. */
  message: Message | undefined;
  /** The message as it was written, with members that are missing or wrong. */
  raw: Json;
  text: string;
  isBinary: boolean;
  atMs: number;
}

export interface ConnectionOptions {
  url: URL;
  number: number;
  timeoutMs: number;
  ca?: string;
  secrets: Secrets;
  record(frame: Omit<Frame, "ms">): void;
  observe(received: Received): void;
}

export class Connection {
  readonly number: number;
  readonly received: Received[] = [];
  closed: Closed | undefined;
  /** When it was closed, as `performance.now()`. */
  closedAtMs = 0;
  /** The session that it was welcomed to. */
  sessionId: string | undefined;
  /** Pings are answered, unless a rule is about silence. */
  answersPings = true;
  pongs = 0;
  readonly #options: ConnectionOptions;
  #socket: Socket | undefined;
  readonly #waiting = new Set<() => void>();
  #characters = 0;
  #welcomes = 0;
  #floodedWith = "";

  /** Throws `NotOpened`. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    connection.#socket = await Socket.open(options.url, options, {
      text: (text) => connection.#take(text, false),
      binary: (data) => connection.#take(`${data.length} bytes`, true),
      pong: () => {
        connection.pongs += 1;
        connection.#look();
      },
      closed: (how) => connection.#end(how),
    });
    return connection;
  }

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.number = options.number;
  }

  get isOpen(): boolean {
    return this.closed === undefined;
  }

  /** How long an answer may take. */
  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /** Sends a message. Gives its id. */
  send(type: string, payload: unknown = {}, changes: Json = {}): string {
    const message = envelope(type, payload, changes);
    this.sendText(JSON.stringify(message));
    return message.id;
  }

  sendText(text: string): void {
    this.#record("sent", text);
    this.#socket?.sendText(text);
  }

  /** Sends a frame as it is, whatever RFC 6455 says to it. `what` is told in the evidence. */
  sendFrame(frame: OutgoingFrame, what: string): void {
    this.#record("sent", what);
    this.#socket?.sendFrame(frame);
  }

  pauseReading(): void {
    this.#record("happened", "the runner stops reading");
    this.#socket?.pause();
  }

  resumeReading(): void {
    this.#record("happened", "the runner reads again");
    this.#socket?.resume();
  }

  /** Ends the connection without a word. */
  cut(): void {
    if (this.isOpen) this.#record("happened", "the runner cuts the connection");
    this.#socket?.cut();
  }

  close(): void {
    this.#socket?.close();
  }

  /** The first that came that is like that, at or behind a place; waits for it. Throws `Unmet`. */
  async find(
    test: (message: Message, received: Received) => boolean,
    what: string,
    { from = 0, ms = this.#options.timeoutMs } = {},
  ): Promise<Received & { message: Message }> {
    const found = await this.seek(test, { from, ms });
    if (found) return found;
    const { closed } = this;
    throw new Unmet(
      closed ? `no ${what}: closed with ${describeClose(closed)}` : `no ${what} within ${Math.round(ms / 100) / 10} s`,
    );
  }

  /** As `find`, and undefined where nothing like it comes in time or before the end. */
  async seek(
    test: (message: Message, received: Received) => boolean,
    { from = 0, ms = this.#options.timeoutMs } = {},
  ): Promise<(Received & { message: Message }) | undefined> {
    let at = from;
    let found: (Received & { message: Message }) | undefined;
    await this.until(() => {
      for (; at < this.received.length && !found; at += 1) {
        const one = this.received[at]!;
        if (one.message && test(one.message, one)) found = one as Received & { message: Message };
      }
      return found !== undefined || this.closed !== undefined;
    }, ms);
    return found;
  }

  /** How it was closed, within a time. */
  async ended(ms = this.#options.timeoutMs): Promise<Closed | undefined> {
    await this.until(() => this.closed !== undefined, ms);
    return this.closed;
  }

  /** Waits until something holds, and looks whenever anything comes. Gives whether it did. */
  until(holds: () => boolean, ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = (did: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(did);
      };
      const timer = setTimeout(() => stop(false), ms);
      const look = () => holds() && stop(true);
      this.#waiting.add(look);
      look();
    });
  }

  /** What came at or behind a place, of one type. */
  all(type: string, from = 0): Message[] {
    return this.received.slice(from).flatMap(({ message }) => (message?.type === type ? [message] : []));
  }

  #take(text: string, isBinary: boolean): void {
    this.#characters += text.length + EACH_MESSAGE;
    if (this.#characters > MAX_CHARACTERS) {
      this.#cutOff(`${MAX_CHARACTERS} characters`);
      return;
    }
    const message = isBinary ? undefined : parseMessage(text);
    if (message?.type === "session.welcome") {
      this.#welcomes += 1;
      if (this.#welcomes > MAX_WELCOMES) {
        this.#cutOff(`${MAX_WELCOMES} welcomes`);
        return;
      }
      this.#options.secrets.addResumeToken(message.payload.resume_token);
      const id = message.session_id ?? message.payload.session_id;
      if (typeof id === "string") this.sessionId = id;
    }
    this.#record("received", isBinary ? `(binary) ${text}` : text);
    const index = this.received.length;
    const raw = message ? (JSON.parse(text) as Json) : {};
    const received = { index, connection: this, message, raw, text, isBinary, atMs: performance.now() };
    this.received.push(received);
    this.#options.observe(received);
    if (message?.type === "session.ping" && this.answersPings)
      this.send(
        "session.pong",
        { ping_nonce: message.payload.nonce, received_at: new Date().toISOString() },
        { session_id: this.sessionId },
      );
    this.#look();
  }

  #cutOff(most: string): void {
    if (this.isOpen && !this.#floodedWith) {
      this.#floodedWith = `cut off by the runner: more than ${most} came`;
      this.#record("happened", this.#floodedWith);
    }
    this.cut();
  }

  #end(ended: Closed): void {
    const how = this.#floodedWith ? { ...ended, reason: this.#floodedWith } : ended;
    this.closed = how;
    this.closedAtMs = performance.now();
    this.#record("happened", `closed with ${describeClose(how)}`);
    this.#look();
  }

  #look(): void {
    for (const look of [...this.#waiting]) look();
  }

  #record(direction: Frame["direction"], text: string): void {
    const kept = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
    this.#options.record({ connection: this.number, direction, text: kept });
  }
}

/** A close in words. */
export function describeClose({ code, reason }: Closed): string {
  if (code === 1006) return `1006 (no close frame)${reason && `: ${reason}`}`;
  return reason ? `${code} (${reason})` : `${code}`;
}
