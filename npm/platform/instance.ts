// The instance of a module: from where it comes, loaded once on first use, and replaced by a fresh one after a trap.

import { ArcgateError, configError } from "../errors.js";
import { compile, type ModuleSource } from "./compile.js";
import { isTrap } from "./trap.js";
import type { Source } from "./types.js";

/** What is used of an instance itself. */
type Memory = { readonly memory: WebAssembly.Memory };

/** What wasm-bindgen writes for each module, besides the module's own functions and classes. */
export interface Glue {
  default(from: { module_or_path: WebAssembly.Module }): Promise<Memory>;
  initSync(from: { module: WebAssembly.Module }): Memory;
  __wbg_reset_state(): void;
}

/** Where a module comes from in one runtime. */
export interface Origin<G> {
  /** The entry that says so, by its name in the package and its runtime. */
  entry: string;
  /** What wasm-bindgen wrote for the module, or what loads that. */
  glue: G | (() => Promise<G>);
  /** The place is made when it is needed: bundles of which no file is a module have no `import.meta.url`. */
  source: WebAssembly.Module | (() => URL);
  /** How the runtime reads a place. Default: `fetch`. */
  read?(place: URL | string): ModuleSource | Promise<ModuleSource>;
}

/** The one instance of a module. */
export class Instance<G extends Glue> {
  /** The module's functions and classes, as soon as it is loaded. */
  bindings: G | undefined;
  /** Changes whenever the instance is replaced: objects of an older one are dead. */
  epoch = 0;
  readonly #name: string;
  #origins: Origin<G>[] = [];
  #given: Source | undefined;
  #used: Source | undefined;
  #loading: Promise<void> | undefined;
  #exports: Memory | undefined;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor(name: string) {
    this.#name = name;
  }

  bind(origin: Origin<G>): void {
    this.#origins.push(origin);
  }

  get isBound(): boolean {
    return this.#origins.length > 0;
  }

  /** Whether it is loaded, or being loaded. */
  get hasBegun(): boolean {
    return this.#loading !== undefined;
  }

  /** Loads the module, if that has not been done, from `given` if there is one. A failure is not remembered. */
  async ready(given: Source | undefined, option: string): Promise<void> {
    if (given !== undefined) this.#give(given, option);
    this.#loading ??= this.#load(this.#origin()).catch((thrown: unknown) => {
      this.#loading = undefined;
      throw thrown;
    });
    await this.#loading;
  }

  #give(given: Source, option: string): void {
    if (!isSource(given)) {
      throw configError(option, "must be a WebAssembly.Module, its bytes, a Response or the promise of one, or a URL");
    }
    if (this.#loading !== undefined && !isSame(given, this.#used)) {
      throw configError(
        option,
        `comes too late: the module \`${this.#name}\` is loaded from elsewhere already. Call ready() once, before the first use`,
      );
    }
    this.#given = given;
  }

  // Where the module comes from. That of another runtime, which a bundler took by mistake, may be what doesn't work here.
  #origin(): Origin<G> {
    const [origin, ...others] = this.#origins;
    if (origin === undefined) {
      throw configError(
        "ready",
        `has no module \`${this.#name}\` here: import the package by its name, not by its files`,
      );
    }
    const other = others.find((other) => !isSame(sourceOf(other), sourceOf(origin)));
    if (other !== undefined && this.#given === undefined) {
      throw configError(
        "ready",
        `finds the module \`${this.#name}\` in two places: ${origin.entry} says one, ${other.entry} another. ` +
          "Have the bundler resolve the package by one runtime's conditions, or give ready() the module",
      );
    }
    return origin;
  }

  // Without an await where the glue and the compiled module are at hand: then it is loaded when the call returns.
  async #load(origin: Origin<G>): Promise<void> {
    const from = this.#given ?? sourceOf(origin);
    this.#used = from;
    try {
      if (from === undefined) throw new TypeError("a bundle that is no ES module has no place of its own");
      const isPlace = typeof from === "string" || from instanceof URL;
      const compiling = compile(isPlace ? (origin.read ?? fetch)(from) : (from as ModuleSource));
      // Both are under way at the same time; what goes wrong with this one is said below.
      if (compiling instanceof Promise) compiling.catch(() => {});
      const glue = typeof origin.glue === "function" ? await origin.glue() : origin.glue;
      this.#exports =
        compiling instanceof Promise
          ? await glue.default({ module_or_path: await compiling })
          : glue.initSync({ module: compiling });
      this.bindings = glue;
    } catch (cause) {
      throw new ArcgateError(
        "ERR_INTERNAL",
        `the WebAssembly module \`${this.#name}\` could not be loaded: see the recipe for your bundler in the documentation, ` +
          "or give ready() another place",
        { retryable: true, details: { fault: "configuration" }, cause },
      );
    }
  }

  /** The module's memory as bytes. Growing the memory makes a new buffer, so this is asked for again after each call. */
  memory(): Uint8Array<ArrayBuffer> {
    // A memory that grew has left its old buffer without a byte.
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array((this.#exports as Memory).memory.buffer);
    return this.#bytes;
  }

  /** Whether a call ended in a trap; if so, the instance has been replaced. */
  recoverFrom(thrown: unknown): boolean {
    const glue = this.bindings;
    if (glue === undefined || !isTrap(thrown)) return false;
    glue.__wbg_reset_state();
    // The glue keeps the module itself.
    this.#exports = (glue.initSync as unknown as () => Memory)();
    this.#bytes = new Uint8Array(0);
    this.epoch += 1;
    return true;
  }
}

function sourceOf<G>({ source }: Origin<G>): WebAssembly.Module | URL | undefined {
  if (typeof source !== "function") return source;
  try {
    return source();
  } catch {
    return undefined;
  }
}

function isSource(given: unknown): given is Source {
  if (typeof given === "string" || given instanceof URL || ArrayBuffer.isView(given)) return true;
  if (given === null || typeof given !== "object") return false;
  const kind = Object.prototype.toString.call(given).slice("[object ".length, -1);
  return (
    ["ArrayBuffer", "WebAssembly.Module", "Response"].includes(kind) ||
    typeof (given as { then?: unknown }).then === "function"
  );
}

function isSame(one: Source | undefined, other: Source | undefined): boolean {
  const place = (source: Source | undefined) => (source instanceof URL ? source.href : source);
  return place(one) === place(other);
}
