// arcgate/verify in browsers, and wherever no other entry is chosen: the module is fetched at first use, and compiled while it arrives.

import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/verify.js";

verify.bind({
  entry: "arcgate/verify for browsers",
  glue,
  source: () => new URL("./wasm/verify.wasm", import.meta.url),
  bytes: () => import("./wasm/verify.bytes.js"),
});

export * from "./api/verify.js";
