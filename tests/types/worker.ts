// What the types must allow, and what they must not: the Worker. Compiled and never run.

import type { Verifier } from "arcgate";
import { createWorker, RevocationStore, SamePrincipalPolicy, type UpstreamAuth, workerFromEnv } from "arcgate/worker";

const own: Verifier = { authenticate: async ({ token }) => (token === "x" ? { id: "me", scopes: ["read"] } : null) };

export default createWorker({ verifier: own, agents: { echo: async (input) => input } });
export const { RuntimeHub } = createWorker({
  verifier: own,
  agents: { echo: async (input, { lease, signal }) => [input, lease, signal.aborted] },
  policy: {
    canObserve: (job, principal) => job.principal.key === principal.key && job.status !== "error",
    canCancel: (_job, _principal, sameSession) => sameSession,
  },
  hubFor: ({ labels }) => labels.tenant ?? "none",
  limits: { resumeWindowSec: 60, maxJobs: 2 },
});
createWorker({
  verifier: own,
  agents: { echo: async (input) => input },
  policy: {
    ...SamePrincipalPolicy,
    canObserve: (job, principal) => !job.orphaned && SamePrincipalPolicy.canObserve(job, principal),
  },
});
createWorker({ verifier: own, agents: { echo: async (input) => input }, policy: SamePrincipalPolicy });
// @ts-expect-error it is everybody's
SamePrincipalPolicy.canObserve = () => true;
// @ts-expect-error a policy has both
createWorker({ verifier: own, policy: { canObserve: () => true } });
// @ts-expect-error a Worker needs a verifier
createWorker({ agents: {} });
export class Store extends RevocationStore {}
const assertion: UpstreamAuth = { mode: "assertion", key: new Uint8Array(32), issuer: "https://gate", audience: "a" };
const gate = createWorker({ verifier: own, arc: { upstream: "https://agents.example/arc", upstreamAuth: assertion } });
createWorker({
  verifier: own,
  arc: { upstream: { fetch }, upstreamAuth: { mode: "map", tokenFor: ({ key }) => key } },
});
createWorker({
  verifier: own,
  arcp: {
    upstream: "wss://runtime.example/arcp",
    upstreamAuth: assertion,
    scopes: { submit: ["jobs"] },
    resumeKey: "x",
  },
  limits: { helloTimeoutMs: 5000, maxFrameBytes: 1024, maxConnections: 10, rateLimit: "LIMIT" },
});
// @ts-expect-error scopes are for connecting and for submitting
createWorker({ verifier: own, arcp: { scopes: { cancel: ["jobs"] } } });
gate.revoke({}, { issuer: "https://issuer.example", sub: "alice" }) satisfies Promise<void>;
// @ts-expect-error an entry names its issuer
gate.revoke({}, { jti: "t1" });
// @ts-expect-error a shared token has a longer name
createWorker({ verifier: own, arc: { upstreamAuth: { mode: "shared", token: "x" } } });

// Any environment is one: an interface, as wrangler writes it, has no index signature.
interface Bindings {
  PROVIDERS: string;
}
declare const bindings: Bindings;
const fromEnv = workerFromEnv(bindings, { agents: { echo: async (input) => input }, limits: { maxFrameBytes: 1024 } });
fromEnv.revocations.fetch satisfies (request: Request) => Promise<Response>;
fromEnv.fetch(new Request("https://gate.example"), bindings, { waitUntil() {} }) satisfies Promise<Response>;
// @ts-expect-error what is a variable is no option
workerFromEnv(bindings, { allowedHosts: ["gate.example"] });
