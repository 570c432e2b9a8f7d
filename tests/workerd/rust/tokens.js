// The routes of ../token/index.js that the timelines use, by the crate's Rust API.

import { events, initSync, make_early_manager, make_manager, pass, token } from "rust-module";
import module from "./rust_api.wasm";

/* global TOKEN_ENDPOINT */
initSync({ module });
make_early_manager(`${TOKEN_ENDPOINT}/early`);

// Tells whether all requests came to one isolate.
const isolate = {};
const begun = new Map();

const routes = {
  "/healthz": () => new Response("ok"),

  async "/make"(request) {
    const { name, source, options, storage } = await request.json();
    make_manager(
      name,
      `${TOKEN_ENDPOINT}/${name}`,
      source?.refreshToken,
      options?.timeoutMs,
      storage && remote(storage),
    );
    begun.set(name, 0);
    isolate.id ??= crypto.randomUUID();
    return new Response(isolate.id);
  },

  async "/ahead"(request) {
    const { name, ms } = await request.json();
    pass(name, ms);
    return new Response("ok");
  },

  async "/begun"(request) {
    const { name } = await request.json();
    return Response.json({ begun: begun.get(name), events: events(name) });
  },

  async "/token"(_request, url, ctx) {
    const name = url.searchParams.get("name");
    begun.set(name, (begun.get(name) ?? 0) + 1);
    const waitUntil = url.searchParams.has("keep") ? (promise) => ctx.waitUntil(promise) : undefined;
    try {
      return new Response(await token(name, waitUntil));
    } catch (error) {
      return new Response(String(error), { status: 503 });
    }
  },
};

/** A storage over the network, which can be slow. */
function remote(url) {
  return async (tokens) => {
    if (tokens === undefined) {
      const text = await (await fetch(url)).text();
      return text === "null" ? undefined : text;
    }
    await fetch(url, tokens === null ? { method: "DELETE" } : { method: "PUT", body: tokens });
  };
}

export default {
  fetch(request, _env, ctx) {
    const url = new URL(request.url);
    return routes[url.pathname]?.(request, url, ctx) ?? new Response("not found", { status: 404 });
  },
};
