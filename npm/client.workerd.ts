// arcgate/client in Cloudflare Workers. What a login's ID token is verified by comes along: nothing can be fetched later.

import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/client.js";
import source from "./wasm/client.wasm";
import forLogins from "./wasm/verify-edge.wasm";

const entry = "arcgate/client for Workers";
client.bind({ entry, glue, source });
verify.bind({ entry, glue: () => import("./wasm/verify.js"), source: forLogins });

export * from "./api/client.js";
