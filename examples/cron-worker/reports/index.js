// An agent that writes reports, for callers with a token of our provider.

import { JwtVerifier } from "arcgate";
import { createWorker } from "arcgate/worker";

export default createWorker({
  verifier: (env) => JwtVerifier.create({ providers: { ours: { issuer: env.ISSUER, audience: env.AUDIENCE } } }),
  agents: {
    async report(input) {
      return `All is well: ${JSON.stringify(input)}`;
    },
  },
});
