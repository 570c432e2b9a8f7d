// The module `verify`: what verifies: JWTs and JWS, the other verifiers, requests and their refusals.

import { WasmModule } from "../wasm.js";

/** What the module exports, by wasm-bindgen's own declarations. */
export type VerifyCore = typeof import("../../wasm/verify.js");

/** The module `verify`. */
export const verify = new WasmModule<VerifyCore>("verify");

export const { call, callJson, failureOf, guarded, memory, ready, recoverFrom } = verify;
