// The Worker of this repository with agents that the runner has uses for: one of two versions, and one whose result comes in chunks.

import { env } from "cloudflare:workers";
import { builtinAgents, workerFromEnv } from "../../../../pkg/worker.workerd.js";

const { echo, count } = builtinAgents;

async function* stream({ text }) {
  for (const data of text) yield { kind: "result_chunk", body: { data } };
}

const app = workerFromEnv(env, { agents: { "versioned@1.0.0": echo, "versioned@2.0.0": echo, count, stream } });
export default app;
export const { RuntimeHub } = app;
