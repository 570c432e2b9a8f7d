// What a deployment may set of a hub's limits: default, least, most. Written from src/arcp/runtime/limits.rs, by
// ARCGATE_WRITE=1 cargo test --test seam

export const bounds = {
  resumeWindowSec: [600, 1, 86400],
  cancelGraceSec: [30, 0, 600],
  maxRuntimeSec: [86400, 1, 604800],
  maxSessions: [32, 1, 1024],
  maxJobs: [64, 1, 1024],
  maxStoredBytes: [25165824, 65536, 67108864],
  maxStoredRows: [50000, 100, 1000000],
} as const;
