// The gate with the embedded runtime behind it, which tells what its hubs are woken by.

import "../../../pkg/entry.workerd.js";
import { builtinAgents, createWorker } from "../../../pkg/worker.workerd.js";

const counts = { made: 0, messages: 0, alarms: 0 };

const app = createWorker({
  verifier: { authenticate: async ({ token }) => ({ id: token }) },
  agents: builtinAgents,
  arcp: { heartbeatIntervalSec: 5 },
});

export class RuntimeHub extends app.RuntimeHub {
  constructor(state, env) {
    super(state, env);
    counts.made += 1;
  }

  webSocketMessage(...told) {
    counts.messages += 1;
    return super.webSocketMessage(...told);
  }

  alarm() {
    counts.alarms += 1;
    return super.alarm();
  }
}

export default {
  fetch(request, env, ctx) {
    return new URL(request.url).pathname === "/counts" ? Response.json(counts) : app.fetch(request, env, ctx);
  },
};
