// A socket from its first frame to its last: a close that nobody answers must not keep it for ever.

import type { Timer } from "../../platform/cancellation.js";
import type { ServerSocket } from "./settings.js";

/** Who doesn't answer a close within this time is cut off. */
export const ANSWER_MS = 5000;

/** One socket, accepted. `cut()` ends it without the peer's help; `onGone()` is told once when nothing of it is left. */
export class Line {
  #socket: ServerSocket;
  #cut: () => void;
  #onGone: () => void;
  #timer: Timer | undefined;
  #isClosing = false;
  #isHeard = false;
  #isGone = false;

  constructor(socket: ServerSocket, { cut, onGone = () => {} }: { cut: () => void; onGone?: () => void }) {
    this.#socket = socket;
    this.#cut = cut;
    this.#onGone = onGone;
    socket.addEventListener("close", () => this.#hear());
    socket.addEventListener("error", () => this.#hear());
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
      this.#socket.close(code, reason);
    } catch {
      // It is broken: nobody answers.
      this.#isHeard = true;
    }
    if (this.#isHeard) return this.#gone();
    this.#timer = setTimeout(() => this.cut(), answerMs);
  }

  // The peer has closed, or is gone.
  #hear(): void {
    this.#isHeard = true;
    if (this.#isClosing) this.#gone();
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#timer);
    this.#onGone();
  }
}
