// @ts-nocheck
// The module: loaded once, on first use, and replaced by a fresh instance after a trap.

import { ArcgateError } from "../errors.js";

/** The module's functions and classes. */
export let bindings;
let source;
let loading;
let exports;
let epoch = 0;

/**
 * Says where the module comes from; each runtime's entry does that. `glue` is what wasm-bindgen wrote for the module, `load`
 * gives a WebAssembly.Module, or a promise of what instantiates one.
 */
export function useSource(glue, load) {
  bindings = glue;
  source = load;
}

/** Loads the module, if that has not been done. A failure is not remembered: the next call tries again. */
export function ready() {
  loading ??= load().catch((cause) => {
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

async function load() {
  const module = source();
  exports =
    module instanceof WebAssembly.Module
      ? bindings.initSync({ module })
      : await bindings.default({ module_or_path: module });
}

/** The module's memory as bytes. Growing the memory makes a new buffer, so this is asked for again after each call. */
let bytes = new Uint8Array(0);
export function memory() {
  // A memory that grew has left its old buffer without a byte.
  if (bytes.length === 0) bytes = new Uint8Array(exports.memory.buffer);
  return bytes;
}

/** Changes whenever the instance is replaced: objects of an older instance are dead. */
export function instanceEpoch() {
  return epoch;
}

/** Whether a call ended in a trap; if so, the instance has been replaced. */
export function recoverFrom(thrown) {
  if (!(thrown instanceof WebAssembly.RuntimeError || thrown instanceof RangeError)) return false;
  bindings.__wbg_reset_state();
  exports = bindings.initSync();
  bytes = new Uint8Array(0);
  epoch += 1;
  return true;
}
