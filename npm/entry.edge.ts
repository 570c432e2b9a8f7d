// The package in edge runtimes that compile no bytes and are no workerd (Next's, Vercel's): their bundlers make a module of a file
// that is asked for in this way.

import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";
import * as glueOfClient from "./wasm/client.js";
import sourceOfClient from "./wasm/client.wasm?module";
import * as glueOfVerify from "./wasm/verify.js";
import sourceOfVerify from "./wasm/verify-edge.wasm?module";

const entry = "arcgate for edge runtimes";
verify.bind({ entry, glue: glueOfVerify, source: sourceOfVerify });
client.bind({ entry, glue: glueOfClient, source: sourceOfClient });

export * from "./api/index.js";
