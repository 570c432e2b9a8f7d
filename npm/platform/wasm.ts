// A module of WebAssembly: loaded once, on first use, and replaced by a fresh instance after a trap. There are three, a file of
// `modules/` for each; what belongs to one job goes by that job's module and needs no other.

import { ArcgateError, toArcgateError } from "../errors.js";
import { isTrap } from "./trap.js";

/** What is used of an instance itself. */
type Memory = { readonly memory: WebAssembly.Memory };

/** What a runtime can give for a module: compiled, its bytes, or the answer that they come in. */
type ModuleSource = WebAssembly.Module | BufferSource | Response | Promise<Response>;

/** What wasm-bindgen writes for each module, besides the module's own functions and classes. */
export interface Glue {
  default(from: { module_or_path: ModuleSource }): Promise<Memory>;
  initSync(from: { module: WebAssembly.Module }): Memory;
  __wbg_reset_state(): void;
}

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

/** Where a module comes from: its glue, and what it is made of. */
export interface Origin<G> {
  glue: G;
  source(): ModuleSource;
}

/** The one instance that there is, for the module or for several. */
class Instance {
  origin: Origin<Glue> | undefined;
  loading: Promise<void> | undefined;
  exports: Memory | undefined;
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  epoch = 0;
}

/** One module. `G` is what its glue exports: whoever calls into it is held to that. */
export class WasmModule<G extends Glue> {
  #instance = new Instance();

  /** Says where the module comes from; each runtime's entry does that. */
  bind(origin: Origin<G>): void {
    this.#instance.origin = origin;
  }

  /** Uses another module's instance, which has all that this one has. */
  share<Other extends G>(other: WasmModule<Other>): void {
    this.#instance = other.#instance;
  }

  /** Whether somebody has said where the module comes from. */
  get isBound(): boolean {
    return this.#instance.origin !== undefined;
  }

  get isLoaded(): boolean {
    return this.#instance.exports !== undefined;
  }

  /** The module's functions and classes. */
  get bindings(): G {
    return this.#instance.origin?.glue as G;
  }

  /** Changes whenever the instance is replaced: objects of an older instance are dead. */
  get epoch(): number {
    return this.#instance.epoch;
  }

  /** Loads the module, if that has not been done. A failure is not remembered: the next call tries again. */
  ready = (): Promise<void> => {
    const instance = this.#instance;
    instance.loading ??= load(instance).catch((cause: unknown) => {
      instance.loading = undefined;
      throw new ArcgateError(
        "ERR_INTERNAL",
        "the WebAssembly module could not be loaded: see the recipe for your bundler in the documentation",
        { retryable: true, details: { fault: "configuration" }, cause },
      );
    });
    return instance.loading;
  };

  /** The module's memory as bytes. Growing the memory makes a new buffer, so this is asked for again after each call. */
  memory = (): Uint8Array<ArrayBuffer> => {
    const instance = this.#instance;
    // A memory that grew has left its old buffer without a byte.
    if (instance.bytes.length === 0) instance.bytes = new Uint8Array((instance.exports as Memory).memory.buffer);
    return instance.bytes;
  };

  /** Whether a call ended in a trap; if so, the instance has been replaced. */
  recoverFrom = (thrown: unknown): boolean => {
    const instance = this.#instance;
    if (instance.exports === undefined || !isTrap(thrown)) return false;
    this.bindings.__wbg_reset_state();
    // The glue keeps the module itself.
    instance.exports = (this.bindings.initSync as unknown as () => Memory)();
    instance.bytes = new Uint8Array(0);
    instance.epoch += 1;
    return true;
  };

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

async function load(instance: Instance): Promise<void> {
  const { glue, source } = instance.origin as Origin<Glue>;
  const module = source();
  instance.exports =
    module instanceof WebAssembly.Module ? glue.initSync({ module }) : await glue.default({ module_or_path: module });
}
