// A module of WebAssembly, as its part of the package calls it. There are three, a file of `modules/` for each; what belongs to one job
// goes by that job's module and needs no other. Where `arcgate/worker` is loaded, its module has all, and the others use that.

import { ArcgateError, configError, toArcgateError } from "../errors.js";
import { type Glue, Instance, type Origin } from "./instance.js";
import type { Source } from "./types.js";

/** The names of a module's functions, without its classes and the loader. */
export type FunctionOf<G> = {
  [Name in Exclude<keyof G, keyof Glue>]: G[Name] extends abstract new (
    ...args: never
  ) => unknown
    ? never
    : G[Name] extends (...args: never) => unknown
      ? Name
      : never;
}[Exclude<keyof G, keyof Glue>];

type Arguments<F> = F extends (...args: infer A) => unknown ? A : never;
type Result<F> = F extends (...args: never) => infer R ? R : never;

// A call of a function that gives text: its name, and what that function takes.
type JsonCall<G> = {
  [Name in FunctionOf<G>]: Result<G[Name]> extends string ? [name: Name, ...args: Arguments<G[Name]>] : never;
}[FunctionOf<G>];

/** What the driver of a machine has to know of the machine's module. */
export type Home = Pick<WasmModule<Glue>, "epoch" | "guarded">;

/** One module. `G` is what its glue exports: whoever calls into it is held to that. */
export class WasmModule<G extends Glue> {
  readonly #name: string;
  readonly #own: Instance<G>;
  #lender: WasmModule<G> | undefined;
  #isBorrowing = false;

  constructor(name: string) {
    this.#name = name;
    this.#own = new Instance(name);
  }

  /** Says where the module comes from; each runtime's entries do that. */
  bind(origin: Origin<G>): void {
    this.#own.bind(origin);
  }

  /** Uses another module's instance, which has all that this one has, unless its own has been given or loaded before. */
  borrow<Other extends G>(lender: WasmModule<Other>): void {
    this.#lender = lender as unknown as WasmModule<G>;
  }

  /** Whether somebody has said where the module comes from. */
  get isBound(): boolean {
    return this.#own.isBound;
  }

  get isLoaded(): boolean {
    return this.#instance.bindings !== undefined;
  }

  /** Whether both are one instance. */
  isIn(other: WasmModule<Glue>): boolean {
    return (this.#instance as Instance<Glue>) === other.#instance;
  }

  /** The module's functions and classes. */
  get bindings(): G {
    const { bindings } = this.#instance;
    if (bindings !== undefined) return bindings;
    throw new ArcgateError("ERR_INTERNAL", `the module \`${this.#name}\` is not loaded yet`, { retryable: true });
  }

  /** Changes whenever the instance is replaced: objects of an older instance are dead. */
  get epoch(): number {
    return this.#instance.epoch;
  }

  get #instance(): Instance<G> {
    return this.#own.bindings !== undefined || this.#lender === undefined ? this.#own : this.#lender.#instance;
  }

  /**
   * Loads the module, if that has not been done: from `given`, which stands at `option`, if there is one. A failure is not
   * remembered: the next call tries again.
   */
  ready = async (given?: Source, option = "module"): Promise<void> => {
    const lender = this.#own.hasBegun ? undefined : this.#lender;
    if (lender === undefined) return this.#own.ready(given, option);
    if (given === undefined) {
      this.#isBorrowing = true;
      return lender.ready();
    }
    if (this.#isBorrowing || !this.#own.isBound) {
      throw configError(
        option,
        `is not used: the module \`${lender.#name}\` has \`${this.#name}\` in it, and is loaded here. Give that one by ready() of arcgate/worker`,
      );
    }
    return this.#own.ready(given, option);
  };

  /** The module's memory as bytes. Growing the memory makes a new buffer, so this is asked for again after each call. */
  memory = (): Uint8Array<ArrayBuffer> => this.#instance.memory();

  /** Whether a call ended in a trap; if so, the instance has been replaced. */
  recoverFrom = (thrown: unknown): boolean => this.#instance.recoverFrom(thrown);

  /** What a call into the core has thrown, as an ArcgateError; after a trap there is a fresh instance. */
  failureOf = (thrown: unknown): ArcgateError => {
    this.recoverFrom(thrown);
    return toArcgateError(thrown);
  };

  /** Runs a call into the core. What it throws is an ArcgateError; after a trap there is a fresh instance. */
  guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (thrown) {
      throw this.failureOf(thrown);
    }
  };

  /** Calls one of the core's functions. What it throws is an ArcgateError; after a trap the next call finds a fresh instance. */
  call = <Name extends FunctionOf<G>>(name: Name, ...args: Arguments<G[Name]>): Result<G[Name]> => {
    try {
      return (this.bindings[name] as (...args: Arguments<G[Name]>) => Result<G[Name]>)(...args);
    } catch (thrown) {
      throw this.failureOf(thrown);
    }
  };

  /** The same, for a function that gives JSON: of the type T, which nobody but its caller knows. */
  callJson = <T>(...[name, ...args]: JsonCall<G>): T => {
    return JSON.parse((this.call as unknown as (name: FunctionOf<G>, ...args: unknown[]) => string)(name, ...args));
  };
}
