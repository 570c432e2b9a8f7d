// Node, Deno and Bun: the module is read from beside this file, at first use.

import { readFileSync } from "node:fs";
import * as glue from "./core.js";
import { client } from "./platform/modules/client.js";
import { gate } from "./platform/modules/gate.js";
import { verify } from "./platform/modules/verify.js";

gate.bind({ glue, source: () => new WebAssembly.Module(readFileSync(new URL("./core.wasm", import.meta.url))) });
verify.share(gate);
client.share(gate);

export * from "./index.js";
