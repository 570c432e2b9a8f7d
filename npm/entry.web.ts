// Browsers: fetched at first use, and compiled while it arrives. Bundlers understand the URL without a plugin. It is the
// module without the gate.

import * as glue from "./page.js";
import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";

verify.bind({ glue, source: () => fetch(new URL("./page.wasm", import.meta.url)) });
client.share(verify);

export * from "./index.js";
