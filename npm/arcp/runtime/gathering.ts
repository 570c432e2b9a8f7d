// What comes of many small steps is done together: a turn that is written costs much, and what is written in it little.

import type { Timer } from "../../platform/cancellation.js";

/**
 * When what comes of a step has to be done: at once; when all have had their say who have it in the same turn, as agents that end
 * at the same time do; or within the next milliseconds.
 */
export type Haste = "now" | "turn" | "soon";

/** What comes soon after something was done goes together, but no more of it than this: pauses of agents wait with it. */
const GATHER_MS = 5;
const MOST_STEPS = 256;
const MOST_CHARACTERS = 256 * 1024;

/** Steps of which nothing was done yet. */
export class Gathering {
  #act: () => void;
  #doneAt = 0;
  #steps = 0;
  #characters = 0;
  #isTurn = false;
  #timer: Timer | undefined;

  /** `act` does all that there is to be done. */
  constructor(act: () => void) {
    this.#act = act;
  }

  /** Whether it is enough that this is done later, and then it will be. `said` is what a step gave: a number are its characters. */
  defers(haste: Haste, said: unknown, now: number): boolean {
    const waitMs = haste === "turn" ? 0 : this.#doneAt + GATHER_MS - now;
    if (haste === "now" || (haste === "soon" && !(waitMs > 0 && waitMs <= GATHER_MS))) return false;
    this.#steps += 1;
    this.#characters += typeof said === "number" ? said : 0;
    if (this.#steps > MOST_STEPS || this.#characters > MOST_CHARACTERS) return false;
    if (haste === "soon") this.#timer ??= setTimeout(this.#act, waitMs);
    else if (!this.#isTurn) {
      this.#isTurn = true;
      queueMicrotask(() => this.#isTurn && this.#act());
    }
    return true;
  }

  /** All is done that there was, or nobody wants it any more. */
  done(now: number): void {
    this.#doneAt = now;
    this.#steps = 0;
    this.#characters = 0;
    this.#isTurn = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
