// A gate that has one place for each principal, and says how often a request's signal was asked for.

import { StaticBearerVerifier } from "../../../pkg/entry.workerd.js";
import { builtinAgents, createWorker } from "../../../pkg/worker.workerd.js";

const { get } = Object.getOwnPropertyDescriptor(Request.prototype, "signal");
let asked = 0;
Object.defineProperty(Request.prototype, "signal", {
  configurable: true,
  get() {
    asked += 1;
    return get.call(this);
  },
});

const app = createWorker({
  verifier: () =>
    StaticBearerVerifier.create({ good: { id: "a", scopes: ["arc.task.controller", "arc.agent.caller"] } }),
  agents: { ...builtinAgents, never: () => new Promise(() => {}) },
  limits: { maxRequestsPerPrincipal: 1 },
});

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/asked") return Response.json(asked);
    return app.fetch(request, env, ctx);
  },
};
