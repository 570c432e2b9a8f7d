// arcgate/worker in Node, Deno and Bun.

import { readModule } from "./platform/files.node.js";
import { client } from "./platform/modules/client.js";
import { gate } from "./platform/modules/gate.js";
import { verify } from "./platform/modules/verify.js";
import * as glue from "./wasm/gate.js";

gate.bind({
  entry: "arcgate/worker for Node",
  glue,
  source: () => new URL("./core.wasm", import.meta.url),
  read: readModule,
});
verify.borrow(gate);
client.borrow(gate);

export * from "./api/worker.js";
