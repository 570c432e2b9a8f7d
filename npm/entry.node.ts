// Node, Deno and Bun: the module is read from beside this file, at first use.

import { readFileSync } from "node:fs";
import * as glue from "./core.js";
import { useSource } from "./platform/wasm.js";

useSource(glue, () => new WebAssembly.Module(readFileSync(new URL("./core.wasm", import.meta.url))));

export * from "./index.js";
