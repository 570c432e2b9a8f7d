// arcgate/verify in Node, Deno and Bun.

import { readModule } from "./platform/files.node.js";
import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/verify.js";

verify.bind({
  entry: "arcgate/verify for Node",
  glue,
  source: () => new URL("./wasm/verify-edge.wasm", import.meta.url),
  bytes: () => import("./wasm/verify.bytes.js"),
  read: readModule,
});

export * from "./api/verify.js";
