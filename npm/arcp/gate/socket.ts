// A socket from its first frame to its last: a close that nobody answers must not keep it for ever.

import type { Timer } from "../../platform/cancellation.js";
import type { ServerSocket } from "./settings.js";

/** Who doesn't answer a close within this time is cut off. */
const ANSWER_MS = 5000;
/** Who has said nothing has less: until then it may hold what the platform has put together of a message. */
export const SILENT_ANSWER_MS = 250;
/** How a socket ends that nobody has closed (RFC 6455 §7.4.1). */
const ABNORMAL = 1006;

/** What becomes of a socket, for whoever has it. */
export interface LineOwner {
  /** A message has come. */
  received(line: Line, data: string): void;
  /** The peer has closed, or is gone. */
  closed(line: Line, code: number): void;
  /** Nothing of it is left: told once. */
  gone(line: Line): void;
}

/** The lines of a connection that wait for the answer to a close: they have one timer, for whichever is to be cut first. */
export class Answers {
  #due: { line: Line; at: number }[] = [];
  #timer: Timer | undefined;
  #timerAt = 0;

  /** Cuts a line off that has not answered in so many milliseconds. */
  expect(line: Line, ms: number): void {
    const at = performance.now() + ms;
    this.#due.push({ line, at });
    if (this.#timer === undefined || at < this.#timerAt) this.#set(at, ms);
  }

  /** It waits no more. */
  forget(line: Line): void {
    this.#due = this.#due.filter((each) => each.line !== line);
    if (this.#due.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #set(at: number, ms: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#cutOff(), ms);
  }

  #cutOff(): void {
    const now = this.#timerAt;
    this.#timer = undefined;
    for (const { line, at } of this.#due) if (at <= now) line.cut();
    const next = Math.min(...this.#due.map(({ at }) => at));
    if (next !== Infinity) this.#set(next, next - now);
  }
}

/** One socket, accepted. `cut()` ends it without the peer's help. */
export class Line {
  readonly socket: ServerSocket;
  #owner: LineOwner;
  #cut: () => void;
  #answers: Answers;
  #isClosing = false;
  #isHeard = false;
  #isGone = false;

  constructor(socket: ServerSocket, owner: LineOwner, answers: Answers, cut: () => void) {
    this.socket = socket;
    this.#owner = owner;
    this.#answers = answers;
    this.#cut = cut;
    // As properties: each listener would take 0.7 kB of the platform while the socket is open, and most sockets are idle.
    socket.onmessage = ({ data }) => owner.received(this, data);
    socket.onclose = ({ code }) => this.#hear(code);
    socket.onerror = () => this.#hear(ABNORMAL);
  }

  /** Ends it now. */
  cut(): void {
    if (this.#isGone) return;
    this.#gone();
    this.#cut();
  }

  /** Says or answers a close; later ones do nothing. */
  close({ code, reason }: { code: number; reason: string }, answerMs = ANSWER_MS) {
    if (this.#isClosing) return;
    this.#isClosing = true;
    try {
      this.socket.close(code, reason);
    } catch {
      // It is broken: nobody answers.
      this.#isHeard = true;
    }
    if (this.#isHeard) return this.#gone();
    this.#answers.expect(this, answerMs);
  }

  #hear(code: number): void {
    this.#isHeard = true;
    if (this.#isClosing) this.#gone();
    this.#owner.closed(this, code);
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#answers.forget(this);
    this.#owner.gone(this);
  }
}
