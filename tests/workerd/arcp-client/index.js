// A Worker that asks an agent: a session within one request.

import { ArcpClient } from "../../../pkg/entry.workerd.js";

const routes = {
  "/healthz": () => new Response("ok"),

  async "/count"(request) {
    const { url, token, to, drops } = await request.json();
    const told = [];
    // Where the platform's socket goes on and the network does not: what the client holds is closed under it.
    const sockets = [];
    class Own extends WebSocket {
      constructor(...args) {
        super(...args);
        sockets.push(this);
      }
    }
    const client = await ArcpClient.connect(url, {
      client: { name: "worker", version: "1" },
      auth: { scheme: "bearer", token },
      reconnect: { maxDelayMs: 100 },
      onEvent: ({ type }) => told.push(type),
      ...(drops ? { WebSocket: Own } : {}),
    });
    const job = await client.submit({ agent: "count", input: { to, delayMs: 5 } });
    const seen = [];
    for await (const { kind, body } of job) {
      if (kind !== "progress") continue;
      seen.push(body.current);
      if (drops && body.current === 5) sockets.at(-1).close(4000, "dropped");
    }
    const result = await job.result;
    await client.close("done");
    return Response.json({ result, seen, told, closed: await client.closed });
  },
};

export default {
  async fetch(request) {
    try {
      return await routes[new URL(request.url).pathname](request);
    } catch (error) {
      return Response.json({ code: error.code, message: error.message, details: error.details }, { status: 500 });
    }
  },
};
