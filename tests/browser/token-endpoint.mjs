// A token endpoint with rotation and reuse detection, which the test can hold, take down, and ask what it saw.

import { createServer } from "node:http";
import { listener } from "../lib/listener.mjs";

/**
 * Starts it. Each client has its own line of refresh tokens, which begins with `r0`. `requests(client)` are the refresh tokens
 * that came; `hold(client)` keeps the next request unanswered and gives a promise of its arrival.
 */
export async function startTokenEndpoint() {
  const clients = new Map();
  const of = (id) => {
    if (!clients.has(id)) clients.set(id, { current: "r0", requests: [], life: 600, minted: 0, held: undefined });
    return clients.get(id);
  };

  const server = createServer(
    listener(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const form = new URLSearchParams(body);
      const client = of(form.get("client_id"));
      const answer = (status, value) =>
        response
          .writeHead(status, { "content-type": "application/json", "access-control-allow-origin": "*" })
          .end(JSON.stringify(value));
      if (request.url === "/revoke") return answer(200, {});
      client.requests.push(form.get("refresh_token"));
      if (client.isDown) return response.destroy();
      if (client.held) {
        client.held();
        client.held = undefined;
        // It is never answered, nor does it count.
        return;
      }
      if (form.get("refresh_token") !== client.current) {
        client.current = undefined;
        return answer(400, { error: "invalid_grant" });
      }
      client.minted += 1;
      client.current = `r${client.minted}`;
      answer(200, {
        access_token: `secret-${form.get("client_id")}-${client.minted}`,
        token_type: "Bearer",
        expires_in: client.life,
        refresh_token: client.current,
      });
    }),
  );
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;

  return {
    source: (clientId) => ({ type: "refresh_token", tokenEndpoint: `${url}/token`, clientId, refreshToken: "r0" }),
    requests: (id) => of(id).requests,
    set: (id, changes) => Object.assign(of(id), changes),
    hold: (id) =>
      new Promise((resolve) => {
        of(id).held = resolve;
      }),
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
