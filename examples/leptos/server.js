// What stands for your server: it serves the page, knows who the visitor is and has tokens for them (/session/token), answers whoever
// has one (/api/me), and lets sessions through to the gate under the page's own origin.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { TokenManager } from "arcgate/client";
import { authenticateRequest, JwtVerifier, sendError } from "arcgate/verify";

const { ISSUER = "http://127.0.0.1:9000", GATE = "http://127.0.0.1:8787", PORT = "8080" } = process.env;
const folder = fileURLToPath(new URL(".", import.meta.url));

const verifying = JwtVerifier.create({
  providers: { local: { issuer: ISSUER, audience: [`${GATE}/arc`, `${GATE}/arcp`] } },
});
const managing = TokenManager.create({
  type: "client_credentials",
  issuer: ISSUER,
  clientId: "demo",
  clientSecret: "demo-secret",
  clientAuth: "client_secret_post",
  scope: "arc.agent.caller arc.task.controller",
});

function json(response, value) {
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(value));
}

const routes = {
  // Only what the page must know, and nothing that is secret: where tokens come from, and whom they are for.
  "GET /settings": (_, response) => json(response, { issuer: ISSUER, audiences: [`${GATE}/arc`, `${GATE}/arcp`] }),

  async "POST /session/token"(request, response) {
    const reason = new URL(request.url, "http://localhost").searchParams.get("reason");
    const manager = await managing;
    const token = await manager.getToken({ forceRefresh: reason !== "initial" });
    json(response, { access_token: token, expires_at: manager.expiresAt });
  },

  async "GET /api/me"(request, response) {
    try {
      json(response, { id: (await authenticateRequest(request, await verifying)).id });
    } catch (error) {
      sendError(response, error);
    }
  },
};

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
};
const files = /^\/(index\.html|style\.css|dist\/[\w.-]+)$/;

async function file(path, response) {
  const wanted = path === "/" ? "/index.html" : normalize(path);
  if (!files.test(wanted)) return void response.writeHead(404).end();
  const bytes = await readFile(join(folder, wanted));
  response.writeHead(200, { "content-type": types[extname(wanted)] ?? "application/octet-stream" }).end(bytes);
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  try {
    const route = routes[`${request.method} ${pathname}`];
    await (route ? route(request, response) : file(pathname, response));
  } catch (error) {
    console.error(error.code ?? error.message);
    response.writeHead(error.code === "ENOENT" ? 404 : 503).end(error.code);
  }
});

// The gate hears its own name and origin: neither side sees another one.
server.on("upgrade", (request, socket, head) => {
  const { host, hostname, port, origin } = new URL(GATE);
  const gate = connect(Number(port || 80), hostname, () => {
    const headers = Object.entries({ ...request.headers, host, origin }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    gate.write(`GET ${request.url} HTTP/1.1\r\n${headers.join("")}\r\n`);
    gate.write(head);
    socket.pipe(gate).pipe(socket);
  });
  for (const [one, other] of [
    [socket, gate],
    [gate, socket],
  ])
    one.on("error", () => other.destroy());
});

server.listen(Number(PORT), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
