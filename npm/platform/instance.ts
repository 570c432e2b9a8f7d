// The instance of a module: from where it comes, loaded once on first use, and replaced by a fresh one after a trap.

import { configError } from "../errors.js";
import { canCompile, compile, type ModuleSource } from "./compile.js";
import { unpacked } from "./inside.js";
import { type Failure, isRenamed, loadingError, nowhere, tellPage, Unusable } from "./loading-errors.js";
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
  /** The module, or its place. That is made when it is needed: bundles of which no file is a module have no `import.meta.url`. */
  source?: WebAssembly.Module | (() => URL);
  /** How the runtime reads a place. Default: `fetch`. */
  read?(place: URL | string): ModuleSource | Promise<ModuleSource>;
  /** The module as the text that is inside bundles, or what loads that: where there is nothing at its place. */
  bytes?: string | (() => Promise<{ readonly default: string }>);
  /** What is imported only later: bundlers move what nobody mentions at once into a file of its own. */
  carries?: unknown;
}

/** One way to the module. */
interface Way<G> {
  origin: Origin<G>;
  from: Source | undefined;
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

  /**
   * Loads the module, if that has not been done, from `given` if there is one. A failure is not remembered; a place that was given
   * is, and what else was given is spent.
   */
  async ready(given: Source | undefined, option: string): Promise<void> {
    if (given !== undefined) this.#give(given, option);
    this.#loading ??= this.#load().catch((thrown: unknown) => {
      this.#loading = undefined;
      if (!isPlace(this.#given)) this.#given = undefined;
      throw thrown;
    });
    await this.#loading;
  }

  #give(given: Source, option: string): void {
    if (!isSource(given)) {
      throw configError(option, "must be a WebAssembly.Module, its bytes, a Response or the promise of one, or a URL");
    }
    if (typeof given === "string" && !isAddress(given)) {
      throw configError(option, "is no URL, or relative to nothing");
    }
    if (this.#loading !== undefined && !isSame(given, this.#used)) {
      throw configError(
        option,
        `comes too late: the module \`${this.#name}\` is loaded from elsewhere already. Call ready() once, before the first use`,
      );
    }
    this.#given = given;
  }

  // What was given, or else what the entries say: what is compiled already, then each place, then the bytes inside the bundle. One
  // entry may be another runtime's, taken by a bundler by mistake, and its place no good here: each goes by its own glue.
  #ways(): Way<G>[] {
    const [first, ...others] = this.#origins;
    if (first === undefined) {
      throw configError(
        "ready",
        `has no module \`${this.#name}\` here: import the package by its name, not by its files`,
      );
    }
    if (this.#given !== undefined) return [{ origin: first, from: this.#given }];
    const ways = [first, ...others]
      .map((origin) => ({ origin, from: sourceOf(origin) }))
      .filter(({ from }, index, all) => from !== undefined && all.findIndex((way) => isSame(way.from, from)) === index);
    const compiled = ways.filter(({ from }) => !isPlace(from));
    const places = ways.filter(({ from }) => isPlace(from));
    const inside = this.#origins.filter(({ bytes }) => bytes !== undefined).slice(0, 1);
    return [...compiled, ...places, ...inside.map((origin) => ({ origin, from: undefined }))];
  }

  async #load(): Promise<void> {
    let canGoOn = globalThis.WebAssembly !== undefined;
    const ways = this.#ways();
    let failure = hasNoPlace(ways) ? nowhere : undefined;
    for (const way of canGoOn ? ways : []) {
      this.#used = way.from;
      try {
        // Without an await where the glue and the compiled module are at hand: then it is loaded when the call returns.
        const loading = this.#follow(way);
        if (loading !== undefined) await loading;
        if (failure !== undefined && way.from === undefined) tellPage(this.#name, failure);
        return;
      } catch (cause) {
        failure = worse(failure, cause, way.from);
        // What is compiled already doesn't depend on it.
        canGoOn = kindOf(way.from) === "WebAssembly.Module" || (await canCompile());
        if (!canGoOn) break;
      }
    }
    throw loadingError(this.#name, failure ?? nowhere, canGoOn);
  }

  #follow({ origin, from }: Way<G>): Promise<void> | undefined {
    const source =
      from === undefined ? inside(origin.bytes) : isPlace(from) ? (origin.read ?? fetch)(from) : arriving(from);
    const compiling = compile(source as ModuleSource | Promise<ModuleSource>, this.#name);
    const glue = this.#glueFor(origin);
    // An edge runtime's module may be of another realm than its program, and the glue takes at once only what is of its own.
    const isOwn = compiling instanceof globalThis.WebAssembly.Module;
    if (!isOwn || typeof glue === "function") return this.#finish(glue, compiling);
    this.#exports = glue.initSync({ module: compiling });
    this.bindings = glue;
    return undefined;
  }

  // What another entry has at hand is as good as what would have to be imported, which a service worker refuses.
  #glueFor({ glue }: Origin<G>): Origin<G>["glue"] {
    const atHand = this.#origins.find((other) => typeof other.glue !== "function");
    return typeof glue === "function" && atHand !== undefined ? atHand.glue : glue;
  }

  // The glue and the module are under way at the same time.
  async #finish(glue: Origin<G>["glue"], compiling: WebAssembly.Module | Promise<WebAssembly.Module>): Promise<void> {
    if (compiling instanceof Promise) compiling.catch(() => {});
    const loader = typeof glue === "function" ? await imported(glue) : glue;
    this.#exports = await loader.default({ module_or_path: await compiling });
    this.bindings = loader;
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

// Whether there is nothing but bytes that have to be loaded: where a bundle has them inside, that can't fail.
function hasNoPlace<G>(ways: Way<G>[]): boolean {
  return ways.every(({ from, origin: { bytes } }) => from === undefined && typeof bytes === "function");
}

function sourceOf<G>({ source }: Origin<G>): WebAssembly.Module | URL | undefined {
  if (typeof source !== "function") return source;
  try {
    return source();
  } catch {
    return undefined;
  }
}

async function imported<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ("ServiceWorkerGlobalScope" in globalThis)
      throw new Unusable("service-worker", "needs an import(), which a service worker refuses", undefined, cause);
    throw new Unusable("unreachable", "needs a script that can't be loaded", undefined, cause);
  }
}

async function inside(bytes: Origin<unknown>["bytes"]): Promise<ModuleSource> {
  return unpacked(typeof bytes === "function" ? (await imported(bytes)).default : (bytes ?? ""));
}

// What is given by a promise is the caller's to bring. How platforms say that something can't be reached, or isn't there, is kept.
function arriving(given: Exclude<Source, URL | string>): ModuleSource | Promise<ModuleSource> {
  if (typeof (given as { then?: unknown }).then !== "function") return given as ModuleSource;
  return Promise.resolve(given as Promise<Response>).catch((cause: unknown) => {
    const { name, code } = Object(cause);
    if (name === "TypeError" || code === "ENOENT") throw cause;
    throw new Unusable("unreachable", "never came: the promise that was given is rejected", undefined, cause);
  });
}

// What is said of several ways that failed: the first's failure is what can be mended, unless the bundle itself is broken.
function worse(first: Failure | undefined, cause: unknown, from: Source | undefined): Failure {
  const failure = { cause, place: isPlace(from) ? from : undefined, isInside: from === undefined };
  if (first === undefined || (failure.isInside && isRenamed(cause))) return failure;
  return failure.isInside ? { ...first, inside: cause } : first;
}

// A worker that was made of a `blob:` or `data:` URL has no address of its own.
function isAddress(given: string): boolean {
  const { href = "" } = globalThis.location ?? {};
  try {
    return given !== "" && new URL(given, /^(?:blob|data):/.test(href) ? href : "https://any.example") !== undefined;
  } catch {
    return false;
  }
}

function isPlace(source: Source | undefined): source is URL | string {
  return typeof source === "string" || kindOf(source) === "URL";
}

// By name: what is of another realm is taken, too.
const kindOf = (value: unknown) => Object.prototype.toString.call(value).slice("[object ".length, -1);

function isSource(given: unknown): given is Source {
  if (typeof given === "string" || ArrayBuffer.isView(given)) return true;
  if (given === null || typeof given !== "object") return false;
  return (
    ["ArrayBuffer", "WebAssembly.Module", "Response", "URL"].includes(kindOf(given)) ||
    typeof (given as { then?: unknown }).then === "function"
  );
}

function isSame(one: Source | undefined, other: Source | undefined): boolean {
  const place = (source: Source | undefined) => (isPlace(source) ? String(source) : source);
  return place(one) === place(other);
}
