// arcgate/client in browsers, and wherever no other entry is chosen. A login's ID token is verified by the other module, which is fetched then.

import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/client.js";

const entry = "arcgate/client for browsers";
client.bind({
  entry,
  glue,
  source: () => new URL("./wasm/client.wasm", import.meta.url),
  bytes: () => import("./wasm/client.bytes.js"),
});
verify.bind({
  entry,
  glue: () => import("./wasm/verify.js"),
  source: () => new URL("./wasm/verify.wasm", import.meta.url),
  bytes: () => import("./wasm/verify.bytes.js"),
});

export * from "./api/client.js";
