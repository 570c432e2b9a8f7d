// The gate, with its agents in the Worker; or before an upstream, where there is one.

import { JwtVerifier } from "arcgate";
import { builtinAgents, createWorker } from "arcgate/worker";

const { keys, issuer, audience, upstream } = BENCH;

export default createWorker({
  verifier: () => JwtVerifier.create({ providers: { bench: { issuer, audience, jwks: { keys } } } }),
  ...(upstream ? { arc: { upstream, upstreamAuth: { mode: "passthrough" } } } : { agents: builtinAgents }),
});
