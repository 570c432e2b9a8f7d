// The gate with the embedded runtime behind it, as a user would write it.

import { env } from "cloudflare:workers";
import { JwtVerifier } from "arcgate";
import { builtinAgents, createWorker } from "arcgate/worker";

const secret = new TextEncoder().encode(env.SECRET);

const app = createWorker({
  verifier: () => JwtVerifier.create({ providers: { bench: { issuer: env.ISSUER, audience: env.AUDIENCE, secret } } }),
  agents: builtinAgents,
  arcp: { heartbeatIntervalSec: Number(env.HEARTBEAT) },
  limits: { maxConnections: 10_000, maxSessions: 1024 },
});

export default app;
export const RuntimeHub = app.RuntimeHub;
