// The subpath arcgate/worker. The package's own entry comes first: it knows where the module is.

import "arcgate";

export type { Agent, JobContext, JobEventBody, JobInfo, JobPolicy } from "./arcp/runtime/types.js";
export type { AuditEvent } from "./worker/audit-types.js";
export { builtinAgents } from "./worker/builtin-agents.js";
export { createWorker } from "./worker/create-worker.js";
export { RevocationStore } from "./worker/revocation-store.js";
export type {
  ArcgateWorker,
  Revocation,
  RuntimeHubClass,
  ServiceBinding,
  UpstreamAuth,
  WorkerContext,
  WorkerLimits,
  WorkerOptions,
} from "./worker/types.js";
