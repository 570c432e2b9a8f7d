// Every morning: a token, a call of another Worker's agent, and its answer into KV.

import { ArcClient, TokenManager } from "arcgate";

// One for an isolate. What a cold isolate needs is in KV, so that it does not buy a new token.
let manager;

const makeManager = (env) =>
  TokenManager.create(
    {
      type: "client_credentials",
      issuer: env.ISSUER,
      clientId: env.CLIENT_ID,
      clientSecret: env.CLIENT_SECRET,
      clientAuth: "client_secret_post",
      scope: "arc.agent.caller arc.task.controller",
      resource: env.AUDIENCE,
    },
    {
      storage: {
        get: () => env.STATE.get("token", "json"),
        put: (tokens) => env.STATE.put("token", JSON.stringify(tokens), { expirationTtl: 3600 }),
        delete: () => env.STATE.delete("token"),
      },
    },
  );

export default {
  async scheduled(_controller, env, ctx) {
    manager ??= await makeManager(env);
    const agents = await ArcClient.create({
      // Nobody looks this name up: the service binding answers.
      endpoint: "https://reports.internal/arc",
      fetch: (...request) => env.REPORTS.fetch(...request),
      requestAgent: "caller",
      token: {
        // A refresh that begins here may outlive this run.
        getToken: (options) => manager.getToken({ ...options, waitUntil: (promise) => ctx.waitUntil(promise) }),
        invalidate: (token) => manager.invalidate(token),
      },
    });
    const { task } = await agents.task.create({ targetAgent: "report", initialMessage: "yesterday" });
    await env.STATE.put("latest", JSON.stringify(task));
  },

  async fetch(_request, env) {
    return Response.json(await env.STATE.get("latest", "json"));
  },
};
