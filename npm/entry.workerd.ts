// Cloudflare Workers: bytes can't be compiled there, so the bundler hands the compiled module over.

import * as glue from "./core.js";
import module from "./core.wasm";
import { client } from "./platform/modules/client.js";
import { gate } from "./platform/modules/gate.js";
import { verify } from "./platform/modules/verify.js";

gate.bind({ glue, source: () => module });
verify.share(gate);
client.share(gate);

export * from "./index.js";
