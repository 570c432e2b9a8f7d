// arcgate/verify in Cloudflare Workers: the small module alone, built to be fast.

import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/verify.js";
import source from "./wasm/verify-edge.wasm";

verify.bind({ entry: "arcgate/verify for Workers", glue, source });

export * from "./api/verify.js";
