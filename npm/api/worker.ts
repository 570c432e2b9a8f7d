// The subpath arcgate/worker: what stands in front of agents. Its module has all of the others, which use it, too.

import { gate } from "../platform/modules/gate.js";
import { checkKeys } from "../platform/options.js";
import type { Source } from "../platform/types.js";

export { SamePrincipalPolicy } from "../arcp/runtime/policy.js";
export type { Agent, JobContext, JobEventBody, JobInfo, JobPolicy } from "../arcp/runtime/types.js";
export type { CryptoKeyLike, Source } from "../platform/types.js";
export type { AuditEvent } from "../worker/audit-types.js";
export { builtinAgents } from "../worker/builtin-agents.js";
export { createWorker } from "../worker/create-worker.js";
export type { EnvWorker, EnvWorkerOptions } from "../worker/env/worker-from-env.js";
export { workerFromEnv } from "../worker/env/worker-from-env.js";
export { RevocationStore } from "../worker/revocation-store.js";
export type {
  ArcgateWorker,
  PrivateJwk,
  Revocation,
  RuntimeHubClass,
  ServiceBinding,
  SessionHoldClass,
  UpstreamAuth,
  WorkerContext,
  WorkerLimits,
  WorkerOptions,
} from "../worker/types.js";

/**
 * Loads the module early, so that the first request needn't wait for it: from `module`, or else from beside this package's files.
 * Nobody has to call it. What is to come from elsewhere must be said before the first use: a second place is ERR_CONFIG.
 */
export async function ready(options: { module?: Source } = {}): Promise<void> {
  checkKeys(options, ["module"]);
  await gate.ready(options.module);
}
