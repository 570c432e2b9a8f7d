// A socket from its first frame to its last: a close that nobody answers must not keep it for ever.

import type { Timer } from "../../platform/cancellation.js";
import type { ServerSocket } from "./settings.js";

/** Who doesn't answer a close within this time is cut off. */
export const ANSWER_MS = 5000;
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

/** One socket, accepted. `cut()` ends it without the peer's help. */
export class Line {
  readonly socket: ServerSocket;
  #owner: LineOwner;
  #cut: () => void;
  #timer: Timer | undefined;
  #isClosing = false;
  #isHeard = false;
  #isGone = false;

  constructor(socket: ServerSocket, owner: LineOwner, cut: () => void) {
    this.socket = socket;
    this.#owner = owner;
    this.#cut = cut;
    socket.addEventListener("message", ({ data }) => owner.received(this, data));
    socket.addEventListener("close", ({ code }) => this.#hear(code));
    socket.addEventListener("error", () => this.#hear(ABNORMAL));
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
    this.#timer = setTimeout(() => this.cut(), answerMs);
  }

  #hear(code: number): void {
    this.#isHeard = true;
    if (this.#isClosing) this.#gone();
    this.#owner.closed(this, code);
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#timer);
    this.#owner.gone(this);
  }
}
