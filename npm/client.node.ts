// arcgate/client in Node, Deno and Bun.

import { readModule } from "./platform/files.node.js";
import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/client.js";

const entry = "arcgate/client for Node";
client.bind({
  entry,
  glue,
  source: () => new URL("./wasm/client.wasm", import.meta.url),
  bytes: () => import("./wasm/client.bytes.js"),
  read: readModule,
});
verify.bind({
  entry,
  glue: () => import("./wasm/verify.js"),
  source: () => new URL("./wasm/verify-edge.wasm", import.meta.url),
  bytes: () => import("./wasm/verify.bytes.js"),
  read: readModule,
});

export * from "./api/client.js";
