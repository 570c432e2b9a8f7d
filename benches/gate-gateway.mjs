// The gate before an upstream, as a user would write it: each hello verified, each user's session opened as that user.

import { JwtVerifier } from "arcgate";
import { createWorker } from "arcgate/worker";

let made;

export default {
  fetch(request, env, ctx) {
    made ??= make(env);
    return made.fetch(request, env, ctx);
  },
};

function make({ ISSUER, AUDIENCE, SECRET, UPSTREAM, HEARTBEAT }) {
  const secret = new TextEncoder().encode(SECRET);
  const upstreamAuth = { mode: "assertion", key: secret, issuer: "https://gate.example.com", audience: "upstream" };
  return createWorker({
    verifier: () => JwtVerifier.create({ providers: { bench: { issuer: ISSUER, audience: AUDIENCE, secret } } }),
    arcp: { upstream: UPSTREAM, upstreamAuth, heartbeatIntervalSec: Number(HEARTBEAT) },
    // Nobody is greedy here, and on a busy machine a hello may come late.
    limits: { maxConnections: 10_000, maxConnectionsPerPrincipal: 10_000, maxSilentConnections: 10_000 },
  });
}
