// Servers for createFetch: they tell what they got, and answer as they are told.

import { createServer } from "node:http";
import { listener } from "./listener.mjs";
import { create } from "./token-manager.mjs";

export const bad = { "www-authenticate": 'Bearer error="invalid_token"' };

/** Refuses every token but this one. */
export const only =
  (good, headers = bad) =>
  (given) =>
    given === `Bearer ${good}` ? [200] : [401, headers];

/**
 * Two servers: `api` and `other` are their origins. `seen` is what they got; `answers` says by path what each answers: a function of
 * the Authorization field that gives a status and header fields. Without one it is 200 and the body.
 */
export async function startServers() {
  const started = { seen: [], answers: {} };
  const server = createServer(
    listener(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { pathname } = new URL(request.url, "http://x");
      const { method, headers } = request;
      const { authorization } = headers;
      if (method !== "OPTIONS") started.seen.push({ path: pathname, method, authorization, body, headers });
      const [status, fields = {}] = (method !== "OPTIONS" && started.answers[pathname]?.(authorization)) || [200];
      const cors = {
        "cache-control": "no-store",
        "access-control-allow-origin": "*",
        "access-control-allow-headers": "authorization, x-own",
      };
      response.writeHead(status, { ...cors, ...fields });
      response.end(body || "ok");
    }),
  );
  const second = createServer((...exchange) => server.emit("request", ...exchange));
  const listen = async (one) => {
    await new Promise((resolve) => one.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${one.address().port}`;
  };
  [started.api, started.other] = [await listen(server), await listen(second)];
  started.bearers = () => started.seen.map(({ authorization }) => authorization);
  started.reset = () => {
    started.seen.length = 0;
    started.answers = {};
  };
  started.close = () => {
    for (const one of [server, second]) {
      one.closeAllConnections();
      one.close();
    }
  };
  return started;
}

/** A manager whose tokens are t1, t2, …, and why each was asked for. */
export async function counting() {
  const reasons = [];
  const manager = await create({ type: "callback", fetchToken: async ({ reason }) => `t${reasons.push(reason)}` });
  return { manager, reasons };
}
