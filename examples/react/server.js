// What stands for your server in callback-source.html: it knows who the visitor is, and has tokens for them.

import { TokenManager } from "arcgate";

const { VITE_ISSUER = "http://127.0.0.1:9000" } = process.env;

/** Answers POST /session/token, in vite's servers. */
export function session() {
  let manager;
  const answer = async (request, response) => {
    const reason = new URL(request.originalUrl, "http://localhost").searchParams.get("reason");
    manager ??= await TokenManager.create({
      type: "client_credentials",
      issuer: VITE_ISSUER,
      clientId: "demo",
      clientSecret: "demo-secret",
      clientAuth: "client_secret_post",
      scope: "arc.agent.caller arc.task.controller",
    });
    try {
      const token = await manager.getToken({ forceRefresh: reason !== "initial" });
      response.setHeader("content-type", "application/json");
      response.setHeader("cache-control", "no-store");
      response.end(JSON.stringify({ access_token: token, expires_at: manager.expiresAt }));
    } catch (error) {
      response.statusCode = 503;
      response.end(error.code);
    }
  };
  const use = ({ middlewares }) => void middlewares.use("/session/token", answer);
  return { name: "session", configureServer: use, configurePreviewServer: use };
}
