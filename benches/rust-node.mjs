// The benchmark of the crate's Rust API in Node, over the same protocol as in workerd. Its module's path is the second argument.

import { readFileSync } from "node:fs";
import { initSync } from "rust-bench";
import { rustContenders } from "./rust-contenders.mjs";
import { serve } from "./serve.mjs";

initSync({ module: new WebAssembly.Module(readFileSync(process.argv[3])) });
serve(rustContenders);
