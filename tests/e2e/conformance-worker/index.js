// A Worker with what the conformance runner can ask for: agents with versions, one that counts, one whose result comes in chunks.

import { env } from "cloudflare:workers";
import { builtinAgents, workerFromEnv } from "../../../pkg/worker.workerd.js";

const { echo, count } = builtinAgents;

async function* chunks() {
  for (const data of ["in ", "three ", "pieces"]) yield { kind: "result_chunk", body: { data } };
}

// So that two silent intervals are over soon.
const arcp = { heartbeatIntervalSec: 5 };
const agents = { "echo@1.0.0": echo, "echo@2.0.0": echo, count, chunks };
const app = workerFromEnv(env, { agents, arcp });

export default app;
export const { RuntimeHub } = app;
