// The gate with the embedded runtime behind it, which tells what its hubs are woken by.

import "../../../pkg/entry.workerd.js";
import { builtinAgents, createWorker } from "../../../pkg/worker.workerd.js";
import { telling, woken } from "../../lib/woken.mjs";

const counts = { made: 0, messages: 0, wakings: 0 };

const app = createWorker({
  verifier: { authenticate: async ({ token }) => ({ id: token }) },
  agents: builtinAgents,
  arcp: { heartbeatIntervalSec: 5 },
});

export default telling(app, counts);
export const RuntimeHub = woken(app.RuntimeHub, counts);
