// arcgate/verify in edge runtimes that are no workerd.

import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/verify.js";
import source from "./wasm/verify-edge.wasm?module";

verify.bind({ entry: "arcgate/verify for edge runtimes", glue, source });

export * from "./api/verify.js";
