// arcgate/worker where nobody says which runtime it is: its module is beside this file. It has all of the others, which use it, too.

import { client } from "./platform/modules/client.js";
import { gate } from "./platform/modules/gate.js";
import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/gate.js";

gate.bind({ entry: "arcgate/worker", glue, source: () => new URL("./core.wasm", import.meta.url) });
verify.borrow(gate);
client.borrow(gate);

export * from "./api/worker.js";
