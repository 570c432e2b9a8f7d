// What stands for your server: it answers whoever has a token (/api/me), and, for callback-source.html, it knows who the visitor is
// and has tokens for them (/session/token).

import { TokenManager } from "arcgate/client";
import { authenticateRequest, errorResponse, JwtVerifier } from "arcgate/verify";

const { VITE_ISSUER = "http://127.0.0.1:9000", GATE = "http://127.0.0.1:8787" } = process.env;

const verifying = JwtVerifier.create({ providers: { local: { issuer: VITE_ISSUER, audience: `${GATE}/arc` } } });

async function me(request, response) {
  let answer;
  try {
    const presented = new Request("http://localhost/", {
      headers: { authorization: request.headers.authorization ?? "" },
    });
    const principal = await authenticateRequest(presented, await verifying);
    answer = Response.json({ id: principal.id });
  } catch (error) {
    answer = errorResponse(error);
  }
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(await answer.text());
}

const managing = TokenManager.create({
  type: "client_credentials",
  issuer: VITE_ISSUER,
  clientId: "demo",
  clientSecret: "demo-secret",
  clientAuth: "client_secret_post",
  scope: "arc.agent.caller arc.task.controller",
});

async function token(request, response) {
  const reason = new URL(request.originalUrl, "http://localhost").searchParams.get("reason");
  const manager = await managing;
  try {
    const token = await manager.getToken({ forceRefresh: reason !== "initial" });
    response.setHeader("content-type", "application/json");
    response.setHeader("cache-control", "no-store");
    response.end(JSON.stringify({ access_token: token, expires_at: manager.expiresAt }));
  } catch (error) {
    response.statusCode = 503;
    response.end(error.code);
  }
}

/** Both, in vite's servers. */
export function session() {
  const use = ({ middlewares }) => void middlewares.use("/session/token", token).use("/api/me", me);
  return { name: "session", configureServer: use, configurePreviewServer: use };
}
