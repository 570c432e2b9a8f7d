// Browsers: fetched at first use, and compiled while it arrives. Bundlers understand the URL without a plugin. It is the
// module without the gate.

import * as glue from "./page.js";
import { useSource } from "./platform/wasm.js";

useSource(glue, () => fetch(new URL("./page.wasm", import.meta.url)));

export * from "./index.js";
