// The module: loaded once, on first use, and replaced by a fresh instance after a trap.

import { ArcgateError } from "../errors.js";
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
