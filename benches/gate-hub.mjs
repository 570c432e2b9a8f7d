// The gate with the embedded runtime behind it, as a user would write it.

import { env } from "cloudflare:workers";
import { JwtVerifier } from "arcgate";
import { builtinAgents, createWorker } from "arcgate/worker";

// The built-in one waits for a timer at each step, which is not what is measured.
async function* count({ to }) {
  for (let current = 1; current <= to; current += 1) yield { kind: "progress", body: { current, total: to } };
  return to;
}

const secret = new TextEncoder().encode(env.SECRET);

const app = createWorker({
  verifier: () => JwtVerifier.create({ providers: { bench: { issuer: env.ISSUER, audience: env.AUDIENCE, secret } } }),
  agents: { ...builtinAgents, count },
  arcp: { heartbeatIntervalSec: Number(env.HEARTBEAT) },
  limits: { maxConnections: 10_000, maxConnectionsPerPrincipal: 10_000, maxSessions: 1024 },
});

export default app;
export const RuntimeHub = app.RuntimeHub;
