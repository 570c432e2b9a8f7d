// Verifiers made by the tests, one isolate for all requests, and a clock that the tests set forward.

import { ArcgateError, authenticateRequest, errorResponse, JwtVerifier } from "../../../pkg/entry.workerd.js";

const verifiers = new Map();
// Tells whether all requests came to one isolate.
const isolate = {};

const routes = {
  "/healthz": () => new Response("ok"),

  async "/make"(request) {
    const { name, options, frozen, store } = await request.json();
    if (store) {
      // A second tier that is asked over the network, and can be slow.
      const get = async () => (await fetch(store)).json();
      options.jwksCache = { ...options.jwksCache, store: { get, async put() {} } };
    }
    const entry = { aheadMs: 0, begun: 0 };
    const start = Date.now();
    const clock = frozen ? () => start + entry.aheadMs : () => Date.now() + entry.aheadMs;
    entry.verifier = await JwtVerifier.create({ ...options, now: clock });
    verifiers.set(name, entry);
    isolate.id ??= crypto.randomUUID();
    return new Response(isolate.id);
  },

  async "/ahead"(request) {
    const { name, ms } = await request.json();
    verifiers.get(name).aheadMs += ms;
    return new Response("ok");
  },

  async "/begun"(request) {
    const { name } = await request.json();
    return new Response(String(verifiers.get(name).begun));
  },

  // Authenticates as a user's Worker does.
  async "/verify"(request, url) {
    const entry = verifiers.get(url.searchParams.get("name"));
    entry.begun += 1;
    entry.aheadMs += Number(url.searchParams.get("pass"));
    try {
      const { id } = await authenticateRequest(request, entry.verifier);
      return new Response(id);
    } catch (error) {
      return refusal(error);
    }
  },

  // The same with `waitUntil`, so that a refresh beside goes on after the answer.
  async "/verify-on"(request, url, ctx) {
    const { verifier } = verifiers.get(url.searchParams.get("name"));
    const token = request.headers.get("authorization").slice("Bearer ".length);
    try {
      const verified = await verifier.verify(token, { waitUntil: (promise) => ctx.waitUntil(promise) });
      return new Response(verified.principal.id);
    } catch (error) {
      return refusal(error);
    }
  },
};

function refusal(error) {
  const response = errorResponse(error);
  if (!(error instanceof ArcgateError)) return response;
  const headers = new Headers(response.headers);
  headers.set("x-code", error.code);
  headers.set("x-retryable", String(error.retryable));
  return new Response(response.body, { status: response.status, headers });
}

export default {
  fetch(request, _env, ctx) {
    const url = new URL(request.url);
    return routes[url.pathname]?.(request, url, ctx) ?? new Response("not found", { status: 404 });
  },
};
