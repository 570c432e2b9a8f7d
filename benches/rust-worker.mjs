// The benchmark of the crate's Rust API in workerd.

import { initSync } from "rust-bench";
import { handle } from "./handler.mjs";
import module from "./rust_bench.wasm";
import { rustContenders } from "./rust-contenders.mjs";

initSync({ module });

export default {
  async fetch(request) {
    const body = request.method === "POST" ? await request.json() : undefined;
    try {
      return Response.json(await handle(new URL(request.url).pathname, body, rustContenders));
    } catch (error) {
      return new Response(error.stack ?? String(error), { status: 500 });
    }
  },
};
