// The subpath arcgate/worker. The package's own entry comes first: it knows where the module is.

import "arcgate";

export { builtinAgents } from "./worker/builtin-agents.js";
export { createWorker } from "./worker/create-worker.js";
export { RevocationStore } from "./worker/revocation-store.js";
