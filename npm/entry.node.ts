// The package in Node, Deno and Bun: each module is read from beside this file, at first use.

import { readModule } from "./platform/files.node.js";
import { client } from "./platform/modules/client.js";
import { verify } from "./platform/modules/verify.js";

const entry = "arcgate for Node";
verify.bind({
  entry,
  glue: () => import("./wasm/verify.js"),
  source: () => new URL("./wasm/verify-edge.wasm", import.meta.url),
  bytes: () => import("./wasm/verify.bytes.js"),
  read: readModule,
});
client.bind({
  entry,
  glue: () => import("./wasm/client.js"),
  source: () => new URL("./wasm/client.wasm", import.meta.url),
  bytes: () => import("./wasm/client.bytes.js"),
  read: readModule,
});

export * from "./api/index.js";
