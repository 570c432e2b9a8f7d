// Cloudflare Workers: bytes can't be compiled there, so the bundler hands the compiled module over.

import * as glue from "./core.js";
import module from "./core.wasm";
import { useSource } from "./platform/wasm.js";

useSource(glue, () => module);

export * from "./index.js";
