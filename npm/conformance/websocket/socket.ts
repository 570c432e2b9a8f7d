// A WebSocket of the runner's own: messages for whoever wants them, and frames, bytes and cuts for whoever breaks rules.

import type { Stream } from "node:net";
import {
  BadFrame,
  BINARY,
  CLOSE,
  CONTINUATION,
  encodeFrame,
  FrameReader,
  type IncomingFrame,
  type OutgoingFrame,
  PING,
  PONG,
  TEXT,
} from "./frames.js";
import { type UpgradeOptions, upgrade } from "./upgrade.js";

/** More than this in one message is no peer's right: the socket is cut. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** Nor more fragments than this, which may be empty. */
const MAX_FRAGMENTS = 20_000;
/** Nor more pings than this on one connection: the answers to them wait for who doesn't read. */
const MAX_PINGS = 20_000;
/** So long a peer may take to end the connection once both have said that it is over. */
const CLOSING_MS = 2000;

/** How a socket ended. `code` is 1005 for a close without one, 1006 for none at all (RFC 6455 §7.4.1). */
export interface Closed {
  code: number;
  reason: string;
}

export interface SocketListener {
  text(text: string): void;
  binary(data: Uint8Array): void;
  pong(data: Uint8Array): void;
  closed(how: Closed): void;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export class Socket {
  readonly #stream: Stream;
  readonly #listener: SocketListener;
  readonly #isSecure: boolean;
  readonly #reader = new FrameReader(MAX_MESSAGE_BYTES);
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #pings = 0;
  #opcode: number | undefined;
  #ended: Closed | undefined;
  #isClosing = false;
  #patience: ReturnType<typeof setTimeout> | undefined;

  static async open(url: URL, options: UpgradeOptions, listener: SocketListener): Promise<Socket> {
    const { stream, rest } = await upgrade(url, options);
    return new Socket(stream, rest, listener, url.protocol === "wss:");
  }

  private constructor(stream: Stream, rest: Uint8Array, listener: SocketListener, isSecure: boolean) {
    this.#stream = stream;
    this.#isSecure = isSecure;
    this.#listener = listener;
    stream.on("data", (bytes) => this.#read(bytes));
    stream.on("error", () => {});
    stream.on("close", () => {
      clearTimeout(this.#patience);
      this.#end({ code: 1006, reason: "" });
    });
    stream.on("end", () => this.#end({ code: 1006, reason: "" }));
    stream.resume();
    if (rest.length) queueMicrotask(() => this.#read(rest));
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  sendText(text: string): void {
    this.sendFrame({ opcode: TEXT, data: encoder.encode(text) });
  }

  sendFrame(frame: OutgoingFrame): void {
    if (this.#ended === undefined) this.#stream.write(encodeFrame(frame));
  }

  /** Stops reading, as a client does that has no time: what comes waits in the network, and then with the sender. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** Says that it is over, and waits for the other to say so, too. */
  close(code = 1000): void {
    if (this.#isClosing || this.#ended) return;
    this.#isClosing = true;
    this.sendFrame({ opcode: CLOSE, data: new Uint8Array([code >> 8, code & 0xff]) });
    this.#destroySoon();
  }

  /** Cuts the connection without a word, as a network does. */
  cut(): void {
    clearTimeout(this.#patience);
    // A reset, where the stream can: TLS has none, and one that is shut down already would never be closed.
    if (this.#isSecure || this.#ended) this.#stream.destroy();
    else this.#stream.resetAndDestroy();
    this.#end({ code: 1006, reason: "" });
  }

  #read(bytes: Uint8Array): void {
    try {
      for (const frame of this.#reader.read(bytes)) {
        if (this.#ended) return;
        this.#take(frame);
      }
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      this.#end({ code: 1006, reason: `cut by the runner: ${error.message}` });
      this.#stream.destroy();
    }
  }

  #take({ opcode, fin, data }: IncomingFrame): void {
    if (opcode >= CLOSE && (!fin || data.length > 125)) throw new BadFrame("a control frame in parts, or too long");
    if (opcode === CLOSE) this.#takeClose(data);
    else if (opcode === PING) this.#answerPing(data);
    else if (opcode === PONG) this.#listener.pong(data);
    else this.#takeData(opcode, fin, data);
  }

  #answerPing(data: Uint8Array): void {
    this.#pings += 1;
    if (this.#pings > MAX_PINGS) throw new BadFrame(`more than ${MAX_PINGS} pings`);
    this.sendFrame({ opcode: PONG, data });
  }

  #takeData(opcode: number, fin: boolean, data: Uint8Array): void {
    if (opcode !== CONTINUATION && opcode !== TEXT && opcode !== BINARY) throw new BadFrame(`opcode ${opcode}`);
    if ((opcode === CONTINUATION) !== (this.#opcode !== undefined)) throw new BadFrame("fragments of two messages");
    this.#opcode ??= opcode;
    this.#pieces.push(data);
    this.#bytes += data.length;
    if (this.#pieces.length > MAX_FRAGMENTS) throw new BadFrame(`a message of more than ${MAX_FRAGMENTS} fragments`);
    if (this.#bytes > MAX_MESSAGE_BYTES) throw new BadFrame(`a message of more than ${MAX_MESSAGE_BYTES} bytes`);
    if (!fin) return;
    const whole = this.#whole();
    const isText = this.#opcode === TEXT;
    this.#opcode = undefined;
    if (isText) this.#listener.text(decoded(whole));
    else this.#listener.binary(whole);
  }

  #whole(): Uint8Array {
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#bytes = 0;
    return whole;
  }

  #takeClose(data: Uint8Array): void {
    const code = data.length >= 2 ? (data[0]! << 8) | data[1]! : 1005;
    if (!this.#isClosing) this.sendFrame({ opcode: CLOSE, data: data.subarray(0, 2) });
    this.#end({ code, reason: new TextDecoder().decode(data.subarray(2)) });
    this.#stream.end();
    this.#destroySoon();
  }

  #destroySoon(): void {
    this.#patience ??= setTimeout(() => this.#stream.destroy(), CLOSING_MS);
  }

  #end(how: Closed): void {
    if (this.#ended) return;
    this.#ended = how;
    this.#listener.closed(how);
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new BadFrame("a text that is no UTF-8");
  }
}
