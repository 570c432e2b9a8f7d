// Cloudflare Workers: bytes can't be compiled there, so the bundler hands the compiled module over.

import module from "./core.wasm";
import { useSource } from "./wasm.js";

useSource(() => module);

export * from "./index.js";
