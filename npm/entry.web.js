// Browsers: fetched at first use, and compiled while it arrives. Bundlers understand the URL without a plugin.

import { useSource } from "./wasm.js";

useSource(() => fetch(new URL("./core.wasm", import.meta.url)));

export * from "./index.js";
