// The module `client`: what gets tokens and uses them: the token manager, ARC and ARCP clients.

import { WasmModule } from "../wasm.js";

/** What the module exports, by wasm-bindgen's own declarations. */
export type ClientCore = typeof import("../../wasm/client.js");

/** The module `client`. */
export const client = new WasmModule<ClientCore>("client");

export const { call, callJson, failureOf, guarded, memory, ready, recoverFrom } = client;
