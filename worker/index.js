// The Worker of this repository, which `wrangler deploy` deploys: everything comes from its variables (docs/operators.md). Whoever
// has installed the package writes the same lines with "arcgate/worker": examples/gate-worker.

import { env } from "cloudflare:workers";
import { RevocationStore, workerFromEnv } from "../pkg/worker.workerd.js";

const app = workerFromEnv(env);
export default app;
// The sessions and jobs of the built-in agents, bound as RUNTIME_HUB, and an entrypoint without a route: it revokes by POST.
export const { RuntimeHub, revocations } = app;
// Sessions that are held for ARCP_UPSTREAM, bound as SESSION_HOLD.
export const { SessionHold } = app;
// What was revoked, bound as REVOCATIONS.
export { RevocationStore };
