// @ts-nocheck
// The options of the embedded runtime.

import { configError } from "../../errors.js";
import { checkKeys, numberOption } from "../../platform/options.js";

// Name -> default, least, most.
const bounds = {
  resumeWindowSec: [600, 1, 86_400],
  cancelGraceSec: [30, 0, 600],
  maxRuntimeSec: [86_400, 1, 604_800],
  maxSessions: [32, 1, 1024],
  maxJobs: [64, 1, 1024],
};

/** The keys of `limits` that are about sessions and jobs. */
export const hubLimits = Object.keys(bounds);

/** What RuntimeHub is made of. `options` are createWorker's. */
export function readHub({ agents = {}, arcp, policy, limits = {}, audit, hubFor }) {
  const has = { policy, hubFor };
  const idle = Object.keys(has).find((key) => has[key] !== undefined);
  if (idle && (arcp?.upstream !== undefined || Object.keys(agents).length === 0)) {
    throw configError(idle, "is there without the embedded runtime: it needs `agents`, and no `arcp.upstream`");
  }
  if (policy !== undefined) {
    checkKeys(policy, ["canObserve", "canCancel"], "policy");
    for (const name of ["canObserve", "canCancel"]) {
      if (typeof policy[name] !== "function") throw configError(`policy.${name}`, "must be a function");
    }
  }
  if (hubFor !== undefined && typeof hubFor !== "function") throw configError("hubFor", "must be a function");
  const read = ([name, [otherwise, least, most]]) => [
    name,
    numberOption(limits, name, otherwise, least, most, "limits"),
  ];
  return { agents, policy, audit, limits: Object.fromEntries(Object.entries(bounds).map(read)) };
}
