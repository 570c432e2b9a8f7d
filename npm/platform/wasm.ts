// The module: loaded once, on first use, and replaced by a fresh instance after a trap. And what every driver of a machine of it
// does: it makes the machine, knows when a trap of the module has taken it, drains what it wants done, and keeps its one timer
// (src/machine.rs is the other side of this). What the loss of a machine means, another one or the end of a session, is its
// owner's to decide.

import { ArcgateError, toArcgateError } from "../errors.js";
import type { Timer } from "./cancellation.js";
import type { GateExport } from "./gate-exports.js";

/** What the whole module exports, by wasm-bindgen's own declarations: whoever calls into the core is held to them. */
export type Core = typeof import("../core.js");

/**
 * What a page's module exports: the same without the gate. Were anything else missing there, the entry for pages would not
 * compile.
 */
type PageCore = Omit<Core, GateExport | "default" | "initSync"> & {
  default(from: { module_or_path: ModuleSource }): Promise<Memory>;
  initSync(from: { module: WebAssembly.Module }): Memory;
};

/** What is used of an instance itself. */
type Memory = { readonly memory: WebAssembly.Memory };

/** What a runtime can give for the module: compiled, its bytes, or the answer that they come in. */
type ModuleSource = WebAssembly.Module | BufferSource | Response | Promise<Response>;

/** The module's functions and classes. In a page those of the gate are not there, and `createWorker` asks for them. */
export let bindings: Core;
let source: () => ModuleSource;
let loading: Promise<void> | undefined;
let exports: Memory;
let epoch = 0;

/**
 * Says where the module comes from; each runtime's entry does that. `glue` is what wasm-bindgen wrote for the module, `load`
 * gives a WebAssembly.Module, or a promise of what instantiates one.
 */
export function useSource(glue: PageCore, load: () => ModuleSource): void {
  // Each name of the gate is asked for by `createWorker` alone, which is not in pages.
  bindings = glue as Core;
  source = load;
}

/** Loads the module, if that has not been done. A failure is not remembered: the next call tries again. */
export function ready(): Promise<void> {
  loading ??= load().catch((cause: unknown) => {
    loading = undefined;
    throw new ArcgateError(
      "ERR_INTERNAL",
      "the WebAssembly module could not be loaded: see the recipe for your bundler in the documentation",
      {
        retryable: true,
        details: { fault: "configuration" },
        cause,
      },
    );
  });
  return loading;
}

async function load(): Promise<void> {
  const module = source();
  exports =
    module instanceof WebAssembly.Module
      ? bindings.initSync({ module })
      : await bindings.default({ module_or_path: module });
}

/** The module's memory as bytes. Growing the memory makes a new buffer, so this is asked for again after each call. */
let bytes = new Uint8Array(0);
export function memory(): Uint8Array<ArrayBuffer> {
  // A memory that grew has left its old buffer without a byte.
  if (bytes.length === 0) bytes = new Uint8Array(exports.memory.buffer);
  return bytes;
}

/** Changes whenever the instance is replaced: objects of an older instance are dead. */
export function instanceEpoch(): number {
  return epoch;
}

/** Whether a call ended in a trap; if so, the instance has been replaced. */
export function recoverFrom(thrown: unknown): boolean {
  if (!(thrown instanceof WebAssembly.RuntimeError || thrown instanceof RangeError)) return false;
  bindings.__wbg_reset_state();
  // The glue keeps the module itself.
  exports = (bindings.initSync as unknown as () => typeof exports)();
  bytes = new Uint8Array(0);
  epoch += 1;
  return true;
}

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
  #drive: Drive<M>;
  #machine: M | undefined;
  #epoch = -1;
  #timer: Timer | undefined;
  #deadline: number | undefined;
  #timerAt = 0;
  /** The clock, less the one by which timers run. */
  #offset = 0;
  #isDraining = false;

  constructor(drive: Drive<M>) {
    this.#drive = drive;
  }

  /** Whether there is a machine, and its instance of the module is the present one. */
  get isAlive(): boolean {
    return this.#machine !== undefined && this.#epoch === instanceEpoch();
  }

  /** The machine: a new one where there is none, or a trap has taken it. */
  get machine(): M {
    return this.#machine !== undefined && this.#epoch === instanceEpoch() ? this.#machine : this.#attach();
  }

  /** Whether a machine that somebody has waited with is still the one. */
  isCurrent(machine: M): boolean {
    return machine === this.#machine && this.#epoch === instanceEpoch();
  }

  #attach(): M {
    return guarded(() => {
      // Before the call: what is made of an instance that it has broken is nothing.
      const epoch = instanceEpoch();
      const machine = this.#drive.make();
      this.#epoch = epoch;
      this.#machine = machine;
      this.#drive.made?.(machine);
      return machine;
    });
  }

  /** The machine that must still be there: nobody makes another one in its place. */
  survivor(): M {
    if (this.#machine !== undefined && this.#epoch === instanceEpoch()) return this.#machine;
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

/** Runs a call into the core. What it throws is an ArcgateError; after a trap there is a fresh instance. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw failureOf(thrown);
  }
}

/** What a call into the core has thrown, as an ArcgateError; after a trap there is a fresh instance. */
export function failureOf(thrown: unknown): ArcgateError {
  recoverFrom(thrown);
  return toArcgateError(thrown);
}
