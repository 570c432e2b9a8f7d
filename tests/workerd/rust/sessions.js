// The route of ../arcp-client/index.js, by the crate's Rust API.

import { count, initSync } from "rust-module";
import module from "./rust_api.wasm";

initSync({ module });

const sockets = new Map();
// What the client holds is closed under it where a test says so. Each connection has its URL's query, by which it is found.
const Platform = WebSocket;
globalThis.WebSocket = class extends Platform {
  constructor(url, ...rest) {
    super(url, ...rest);
    sockets.set(new URL(url).search, this);
  }
};

const begun = new Map();

const routes = {
  "/healthz": () => new Response("ok"),

  async "/begun"(request) {
    const { name } = await request.json();
    return new Response(String(begun.get(name) ?? 0));
  },

  async "/count"(request) {
    const { url, token, to, delayMs = 5, drops, name = crypto.randomUUID() } = await request.json();
    const progressed = (current) => {
      begun.set(name, current);
      if (drops && current === 5) sockets.get(`?${name}`).close(4000, "dropped");
    };
    return new Response(await count(`${url}?${name}`, token, to, delayMs, progressed));
  },
};

export default {
  async fetch(request) {
    try {
      return await routes[new URL(request.url).pathname](request);
    } catch (error) {
      return Response.json({ code: error.name, message: error.message }, { status: 500 });
    }
  },
};
