// The routes of ../jwks/index.js, by the crate's Rust API: what is JavaScript here is what workers-rs has in its own shim, too.

import { ahead, initSync, make, make_early, verify } from "rust-module";
import module from "./rust_api.wasm";

/* global EARLY */
initSync({ module });
if (EARLY) make_early(EARLY);

// Tells whether all requests came to one isolate.
const isolate = {};
const begun = new Map();

const routes = {
  "/healthz": () => new Response("ok"),

  async "/make"(request) {
    const { name, options, frozen, asks } = await request.json();
    make(name, JSON.stringify(options), frozen, asks ? (id) => fetch(`${asks}/${id}`).then(answered) : undefined);
    begun.set(name, 0);
    isolate.id ??= crypto.randomUUID();
    return new Response(isolate.id);
  },

  async "/ahead"(request) {
    const { name, ms } = await request.json();
    ahead(name, ms);
    return new Response("ok");
  },

  async "/begun"(request) {
    const { name } = await request.json();
    return new Response(String(begun.get(name)));
  },

  "/verify": (request, url) => answer(request, url),
  "/verify-on": (request, url, ctx) => answer(request, url, (promise) => ctx.waitUntil(promise)),
};

const answered = async (response) => (await response.text()) === "revoked";

async function answer(request, url, waitUntil) {
  const name = url.searchParams.get("name");
  begun.set(name, (begun.get(name) ?? 0) + 1);
  ahead(name, Number(url.searchParams.get("pass")));
  const token = request.headers.get("authorization").slice("Bearer ".length);
  try {
    return new Response(await verify(name, token, waitUntil));
  } catch (error) {
    if (typeof error !== "string" || !error.startsWith("{")) return new Response(String(error), { status: 500 });
    const { code, retryable, fault, retryAfter } = JSON.parse(error);
    const status = retryable ? 503 : fault === "caller" ? 401 : 500;
    const headers = { "x-code": code, "x-retryable": String(retryable), "retry-after": String(Math.ceil(retryAfter)) };
    return new Response(null, { status, headers });
  }
}

export default {
  fetch(request, _env, ctx) {
    const url = new URL(request.url);
    return routes[url.pathname]?.(request, url, ctx) ?? new Response("not found", { status: 404 });
  },
};
