// Managers made by the tests, one isolate for all requests, and a clock that the tests set forward.

import { createFetch, TokenManager } from "../../../pkg/entry.workerd.js";

/* global TOKEN_ENDPOINT */
const machine = (name) => ({
  type: "client_credentials",
  tokenEndpoint: `${TOKEN_ENDPOINT}/${name}`,
  clientId: "worker",
  clientSecret: "secret",
});

// At the global scope, where a Worker may not fetch, set a timer or ask for a random number.
const early = await TokenManager.create(machine("early"));

const managers = new Map([["early", { manager: early, begun: 0 }]]);
// Tells whether all requests came to one isolate.
const isolate = {};

const routes = {
  "/healthz": () => new Response("ok"),

  async "/make"(request) {
    const { name, source, options, storage } = await request.json();
    const entry = { aheadMs: 0, begun: 0, events: [] };
    const now = () => Date.now() + entry.aheadMs;
    const onEvent = ({ type }) => entry.events.push(type);
    const given = { ...options, now, onEvent, ...(storage && { storage: remote(storage) }) };
    entry.manager = await TokenManager.create({ ...machine(name), ...source }, given);
    managers.set(name, entry);
    isolate.id ??= crypto.randomUUID();
    return new Response(isolate.id);
  },

  async "/ahead"(request) {
    const { name, ms } = await request.json();
    managers.get(name).aheadMs += ms;
    return new Response("ok");
  },

  async "/begun"(request) {
    const { name } = await request.json();
    const { begun, events } = managers.get(name);
    return Response.json({ begun, events });
  },

  // Calls somebody with the manager's token, as `createFetch` does it.
  async "/call"(request) {
    const { name, url, origins, ...init } = await request.json();
    const authorized = createFetch(managers.get(name).manager, { origins });
    const given = url.startsWith("request:") ? new Request(url.slice("request:".length), init) : url;
    const response = await (given === url ? authorized(url, init) : authorized(given));
    const { status, redirected } = response;
    return Response.json({ status, url: response.url, redirected, text: await response.text() });
  },

  // Asks for a token as a user's Worker does; `keep` is with waitUntil.
  async "/token"(_request, url, ctx) {
    const entry = managers.get(url.searchParams.get("name"));
    entry.begun += 1;
    const waitUntil = url.searchParams.has("keep") ? (promise) => ctx.waitUntil(promise) : undefined;
    try {
      return new Response(await entry.manager.getToken({ waitUntil }));
    } catch (error) {
      return Response.json({ code: error.code, message: error.message }, { status: 503 });
    }
  },
};

/** A storage over the network, which can be slow. */
function remote(url) {
  return {
    get: async () => (await fetch(url)).json(),
    put: async (tokens) => void (await fetch(url, { method: "PUT", body: JSON.stringify(tokens) })),
    delete: async () => void (await fetch(url, { method: "DELETE" })),
  };
}

export default {
  fetch(request, _env, ctx) {
    const url = new URL(request.url);
    return routes[url.pathname]?.(request, url, ctx) ?? new Response("not found", { status: 404 });
  },
};
