// arcgate/inline: all of the root with the modules' bytes inside, imported at once: nothing is fetched, and nothing is loaded by
// import() but what is here already. So it works where a file has no neighbours: one HTML file, an extension, a service worker.

import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";
import { verifierClass } from "./token/login-verifier.js";
import bytesOfClient from "./wasm/client.bytes.js";
import * as glueOfClient from "./wasm/client.js";
import bytesOfVerify from "./wasm/verify.bytes.js";
import * as glueOfVerify from "./wasm/verify.js";

const entry = "arcgate/inline";
verify.bind({ entry, glue: glueOfVerify, bytes: bytesOfVerify });
// With what a login imports later: a bundle in one file needs no second one for it then.
client.bind({ entry, glue: glueOfClient, bytes: bytesOfClient, carries: verifierClass });

export * from "./api/index.js";
