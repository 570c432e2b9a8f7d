// The module `gate`: what stands in front of agents, and the runtime behind it. It has all of the other two.

import { WasmModule } from "../wasm.js";

/** What the module exports, by wasm-bindgen's own declarations. */
export type GateCore = typeof import("../../wasm/gate.js");

/** The module `gate`. */
export const gate = new WasmModule<GateCore>("gate");

export const { call, callJson, failureOf, guarded, memory, ready, recoverFrom } = gate;
