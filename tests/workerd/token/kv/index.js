// As docs/tokens.md shows it: a token in KV, so that a cold isolate buys no new one.

import { TokenManager } from "../../../../pkg/entry.workerd.js";

let manager;

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    if (url.pathname === "/healthz") return new Response("ok");
    const wasCold = manager === undefined;
    manager ??= await make(env);
    if (url.pathname === "/revoke") {
      await manager.revoke().catch(() => {});
      return new Response("ok");
    }
    const token = await manager.getToken({ waitUntil: (promise) => ctx.waitUntil(promise) });
    return Response.json({ token, wasCold });
  },
};

function make(env) {
  const storage = {
    get: () => env.TOKENS.get("my-agent", "json"),
    put: (tokens) => env.TOKENS.put("my-agent", JSON.stringify(tokens), { expirationTtl: 3600 }),
    delete: () => env.TOKENS.delete("my-agent"),
  };
  const source = {
    type: "client_credentials",
    tokenEndpoint: env.TOKEN_ENDPOINT,
    clientId: "worker",
    clientSecret: "secret",
  };
  return TokenManager.create(source, { storage });
}
