// The package in Cloudflare Workers: bytes can't be compiled there, so the bundler hands the compiled module over. A Worker's modules
// are all compiled when it starts, used or not, and beside `arcgate/worker` there is the gate's, which has everything: so it is that
// one alone (docs/decisions/0006-modules.md). The small ones come with arcgate/verify and arcgate/client.

import source from "./core.wasm";
import { client } from "./platform/modules/client.js";
import { gate } from "./platform/modules/gate.js";
import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/gate.js";

gate.bind({ entry: "arcgate for Workers", glue, source });
verify.borrow(gate);
client.borrow(gate);

export * from "./api/index.js";
