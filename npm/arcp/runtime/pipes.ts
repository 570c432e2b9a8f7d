// The gates' sockets. They outlive the object's memory: while nothing happens the platform drops the object and keeps them, with
// what is attached to each.

import type { Timer } from "../../platform/cancellation.js";
import { HELLO_TIMEOUT, RESTART } from "../close-codes.js";
import { HELLO_MS } from "./numbers.js";
import type { HubSocket, HubState } from "./platform.js";

/** A gate's socket. */
export interface Pipe {
  readonly conn: number;
  readonly socket: HubSocket;
  /** Its gate says what has left for the client. */
  readonly isPaced: boolean;
  /** Until its hello has come: when it is late. */
  lateAt: number | undefined;
}

/** What a socket remembers: its number, and what the core makes of it. One that has not said hello has nothing attached. */
type Attachment = [conn: number, text: string];

const OPEN = 1;

/** A hub's sockets. */
export class Pipes {
  #state: HubState;
  #byConn = new Map<number, Pipe>();
  #bySocket = new Map<HubSocket, Pipe>();
  #lastConn = 0;
  /** Those that have not said hello, and one timer for them: it is set for the first. */
  #unheard = new Set<Pipe>();
  #late: Timer | undefined;

  constructor(state: HubState) {
    this.#state = state;
  }

  /** Takes one in. Its first frame is the hello. */
  accept(socket: HubSocket, isPaced: boolean): void {
    this.#state.acceptWebSocket(socket);
    this.#lastConn += 1;
    const pipe = { conn: this.#lastConn, socket, isPaced, lateAt: Date.now() + HELLO_MS };
    this.#add(pipe);
    this.#unheard.add(pipe);
    this.#late ??= setTimeout(() => this.#endLate(), HELLO_MS);
  }

  #add(pipe: Pipe): void {
    this.#byConn.set(pipe.conn, pipe);
    this.#bySocket.set(pipe.socket, pipe);
  }

  get size(): number {
    return this.#byConn.size;
  }

  of(socket: HubSocket): Pipe | undefined {
    return this.#bySocket.get(socket);
  }

  /** Finds those that were there before the object's memory was lost. `isKnown` says whether theirs is a session of the hub's. */
  restore(isKnown: (conn: number, text: string) => boolean): void {
    for (const socket of this.#state.getWebSockets()) {
      if (socket.readyState !== OPEN || this.#bySocket.has(socket)) continue;
      const [conn, text] = (socket.deserializeAttachment() ?? []) as Attachment | [];
      if (conn !== undefined && text !== undefined && isKnown(conn, text)) {
        this.#lastConn = Math.max(this.#lastConn, conn);
        this.#add({ conn, socket, isPaced: false, lateAt: undefined });
      } else closeSocket(socket, RESTART);
    }
  }

  /** What the core wants to find again with a socket. */
  attach(conn: number, text: string): void {
    this.#byConn.get(conn)?.socket.serializeAttachment([conn, text] satisfies Attachment);
  }

  /** Its hello has come. Once all have said it, no timer keeps the object awake. */
  greeted(pipe: Pipe): void {
    pipe.lateAt = undefined;
    this.#unheard.delete(pipe);
    if (this.#unheard.size > 0) return;
    clearTimeout(this.#late);
    this.#late = undefined;
  }

  #endLate(): void {
    const now = Date.now();
    let next = Infinity;
    for (const { conn, lateAt = now } of this.#unheard) {
      if (lateAt <= now) this.close(conn, HELLO_TIMEOUT);
      else next = Math.min(next, lateAt);
    }
    this.#late = next === Infinity ? undefined : setTimeout(() => this.#endLate(), next - now);
  }

  send(conn: number, text: string): void {
    try {
      this.#byConn.get(conn)?.socket.send(text);
    } catch {
      // It is closing; its close comes as an event.
    }
  }

  close(conn: number, how: { code: number; reason: string }): void {
    const pipe = this.#byConn.get(conn);
    if (pipe === undefined) return;
    this.#byConn.delete(conn);
    this.#bySocket.delete(pipe.socket);
    this.greeted(pipe);
    closeSocket(pipe.socket, how);
  }

  closeAll(how: { code: number; reason: string }): void {
    for (const conn of [...this.#byConn.keys()]) this.close(conn, how);
  }
}

/** Closes one. It stays with the object until its peer has answered, and by then the object may be another one that knows nothing of it. */
export function closeSocket(socket: HubSocket, { code, reason }: { code: number; reason: string }): void {
  try {
    socket.serializeAttachment(null);
    socket.close(code, reason);
  } catch {
    // It is closed.
  }
}
