// @ts-nocheck
// A socket from its first frame to its last: a close that nobody answers must not keep it for ever.

/** Who doesn't answer a close within this time is cut off. */
export const ANSWER_MS = 5000;

/** One socket, accepted. `cut()` ends it without the peer's help; `onGone()` is told once when nothing of it is left. */
export class Line {
  #socket;
  #cut;
  #onGone;
  #timer;
  #isClosing = false;
  #isHeard = false;
  #isGone = false;

  constructor(socket, { cut, onGone = () => {} }) {
    this.#socket = socket;
    this.#cut = cut;
    this.#onGone = onGone;
    socket.addEventListener("close", () => this.#hear());
    socket.addEventListener("error", () => this.#hear());
  }

  /** Ends it now. */
  cut() {
    if (this.#isGone) return;
    this.#gone();
    this.#cut();
  }

  /** Says or answers a close; later ones do nothing. */
  close(code, reason, answerMs = ANSWER_MS) {
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
  #hear() {
    this.#isHeard = true;
    if (this.#isClosing) this.#gone();
  }

  #gone() {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#timer);
    this.#onGone();
  }
}
