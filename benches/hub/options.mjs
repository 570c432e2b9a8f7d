// The gate with the embedded runtime behind it, as a user would write it.

import { env } from "cloudflare:workers";
import { JwtVerifier } from "arcgate";
import { builtinAgents } from "arcgate/worker";

// The built-in one waits for a timer at each step, which is what is measured only where it is asked for.
async function* count({ to, delayMs }) {
  for (let current = 1; current <= to; current += 1) {
    if (delayMs) await new Promise((resolve) => setTimeout(resolve, delayMs));
    yield { kind: "progress", body: { current, total: to } };
  }
  return to;
}

const secret = new TextEncoder().encode(env.SECRET);

export const options = {
  verifier: () => JwtVerifier.create({ providers: { bench: { issuer: env.ISSUER, audience: env.AUDIENCE, secret } } }),
  agents: { ...builtinAgents, count },
  arcp: { heartbeatIntervalSec: Number(env.HEARTBEAT) },
  // Nobody is greedy here.
  limits: {
    maxConnections: 10_000,
    maxConnectionsPerPrincipal: 10_000,
    maxSilentConnections: 10_000,
    maxSessions: 1024,
    maxJobs: 1024,
    maxFramesPerSec: 100_000,
  },
  // What one object can carry is asked with many users in it, so that none is greedy.
  ...(env.ONE_HUB ? { hubFor: () => "one" } : {}),
};
