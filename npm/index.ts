// The package in browsers, and for all who don't say which runtime they are, or read no `exports`. A class fetches its module, and
// what wasm-bindgen wrote for that, when it is first made. Bundlers understand the URLs without a plugin.

import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";

const entry = "arcgate for browsers";
verify.bind({
  entry,
  glue: () => import("./wasm/verify.js"),
  source: () => new URL("./wasm/verify.wasm", import.meta.url),
  bytes: () => import("./wasm/verify.bytes.js"),
});
client.bind({
  entry,
  glue: () => import("./wasm/client.js"),
  source: () => new URL("./wasm/client.wasm", import.meta.url),
  bytes: () => import("./wasm/client.bytes.js"),
});

export * from "./api/index.js";
