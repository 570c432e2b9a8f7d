// arcgate/worker in Cloudflare Workers: one module has everything, and verifiers and clients use it, too.

import source from "./core.wasm";
import { client } from "./platform/modules/client.js";
import { gate } from "./platform/modules/gate.js";
import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/gate.js";

gate.bind({ entry: "arcgate/worker for Workers", glue, source });
verify.borrow(gate);
client.borrow(gate);

export * from "./api/worker.js";
