// arcgate/client in edge runtimes that are no workerd. What a login's ID token is verified by comes along.

import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/client.js";
import source from "./wasm/client.wasm?module";
import * as glueForLogins from "./wasm/verify.js";
import forLogins from "./wasm/verify-edge.wasm?module";

const entry = "arcgate/client for edge runtimes";
client.bind({ entry, glue, source });
verify.bind({ entry, glue: glueForLogins, source: forLogins });

export * from "./api/client.js";
