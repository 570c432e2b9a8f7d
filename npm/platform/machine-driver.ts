// What every driver of a machine does: it makes the machine, knows when a trap of its module has taken it, drains what it wants done,
// and keeps its one timer (src/machine.rs is the other side of this). What the loss of a machine means, another one or the end of a
// session, is its owner's to decide.

import { ArcgateError } from "../errors.js";
import type { Timer } from "./cancellation.js";
import type { Home } from "./wasm.js";

/** One of wasm-bindgen's classes: a machine has the names of src/machine.rs. What has no deadlines goes without theirs. */
export interface MachineCore {
  free(): void;
  /** When `handleTimeout` is worth calling, in milliseconds. */
  pollTimeout?(): number | undefined;
  /** Time has passed. */
  handleTimeout?(now: number): unknown;
}

/** What a driver has to know of its machine. */
export interface Drive<M> {
  /** Makes the machine. What it throws is what is wrong with its options. */
  make(): M;
  /** What a new machine is told first: of what the last one knew, say. */
  made?(machine: M): void;
  /** The time that the machine wants to be told has come. */
  onTimeout?(): void;
  /** A process is not kept alive by the timer. */
  isBackground?: boolean;
  /** The longest time for which the timer is set: where somebody may set the clock, it is looked at again before. */
  longestMs?: number;
  /** A timer that is set for an earlier time than the deadline is left: it looks again. Saves one for each input. */
  isPatient?: boolean;
}

/** Timers beyond this would fire at once on some platforms. */
const LONGEST_TIMER = 3_600_000;
/** How far the clock may be from where it should be since the timer was set. */
const DRIFT_MS = 1000;

/** One machine, from one instance of the module to the next. */
export class MachineDriver<M extends MachineCore> {
  #module: Home;
  #drive: Drive<M>;
  #machine: M | undefined;
  #epoch = -1;
  #timer: Timer | undefined;
  #deadline: number | undefined;
  #timerAt = 0;
  /** The clock, less the one by which timers run. */
  #offset = 0;
  #isDraining = false;

  /** `module` is the one that has the machine. */
  constructor(module: Home, drive: Drive<M>) {
    this.#module = module;
    this.#drive = drive;
  }

  /** Whether there is a machine, and its instance of the module is the present one. */
  get isAlive(): boolean {
    return this.#machine !== undefined && this.#epoch === this.#module.epoch;
  }

  /** The machine: a new one where there is none, or a trap has taken it. */
  get machine(): M {
    return this.#machine !== undefined && this.#epoch === this.#module.epoch ? this.#machine : this.#attach();
  }

  /** Whether a machine that somebody has waited with is still the one. */
  isCurrent(machine: M): boolean {
    return machine === this.#machine && this.#epoch === this.#module.epoch;
  }

  #attach(): M {
    return this.#module.guarded(() => {
      // Before the call: what is made of an instance that it has broken is nothing.
      const epoch = this.#module.epoch;
      const machine = this.#drive.make();
      this.#epoch = epoch;
      this.#machine = machine;
      this.#drive.made?.(machine);
      return machine;
    });
  }

  /** The machine that must still be there: nobody makes another one in its place. */
  survivor(): M {
    if (this.#machine !== undefined && this.#epoch === this.#module.epoch) return this.#machine;
    throw new ArcgateError("ERR_INTERNAL", "the module was restarted", { retryable: true });
  }

  /** Performs what the machine wants done until it wants nothing. What that brings about is done by the loop under way. */
  drain(poll: () => string | undefined, perform: (action: string) => void): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let action = poll(); action !== undefined; action = poll()) perform(action);
    } finally {
      this.#isDraining = false;
    }
  }

  /**
   * Sets the timer for what the machine waits for. It runs by a clock that stands while the computer sleeps and that nobody sets:
   * after either, it would come too late.
   */
  arm(machine: M, now: number): void {
    const deadline = machine.pollTimeout?.();
    if (deadline === undefined) {
      this.disarm();
      return;
    }
    const offset = now - performance.now();
    if (this.#timer !== undefined && this.#isSetFor(deadline) && Math.abs(offset - this.#offset) < DRIFT_MS) return;
    clearTimeout(this.#timer);
    const waitMs = Math.min(Math.max(deadline - now, 1), this.#drive.longestMs ?? LONGEST_TIMER);
    this.#deadline = deadline;
    this.#timerAt = now + waitMs;
    this.#offset = offset;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#drive.onTimeout?.();
    }, waitMs);
    // Node's are objects.
    if (this.#drive.isBackground) (this.#timer as { unref?(): void }).unref?.();
  }

  // A machine that is told the time too early minds nothing.
  #isSetFor(deadline: number): boolean {
    return this.#drive.isPatient ? this.#timerAt <= deadline : this.#deadline === deadline;
  }

  disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Ends the machine with its timer. */
  end(): void {
    this.disarm();
    if (this.isAlive) this.#machine?.free();
    this.#machine = undefined;
  }
}
