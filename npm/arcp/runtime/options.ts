// The options of the embedded runtime.

import { configError } from "../../errors.js";
import { checkKeys, numberOption } from "../../platform/options.js";
import type { AuditEvent } from "../../worker/audit-types.js";
import type { WorkerOptions } from "../../worker/types.js";
import { bounds } from "./limits.js";
import type { Agent, JobPolicy } from "./types.js";

type HubLimits = { [Name in keyof typeof bounds]: number };

/** What RuntimeHub is made of. */
export interface HubOptions {
  agents: Record<string, Agent>;
  policy: JobPolicy | undefined;
  audit: ((event: AuditEvent) => void | Promise<void>) | undefined;
  limits: HubLimits;
  /** Whether what happens outlives the object's memory. For benchmarks alone: without it, an idle hub forgets. Default: true. */
  isKept?: boolean;
}

/** The keys of `limits` that are about sessions and jobs. */
export const hubLimits = Object.keys(bounds);

/** Reads it of createWorker's options. */
export function readHub<Env>({
  agents = {},
  arcp,
  policy,
  limits = {},
  audit,
  hubFor,
}: WorkerOptions<Env>): HubOptions {
  const idle = policy !== undefined ? "policy" : hubFor !== undefined ? "hubFor" : undefined;
  if (idle && (arcp?.upstream !== undefined || Object.keys(agents).length === 0)) {
    throw configError(idle, "is there without the embedded runtime: it needs `agents`, and no `arcp.upstream`");
  }
  if (policy !== undefined) {
    checkKeys(policy, ["canObserve", "canCancel"], "policy");
    for (const name of ["canObserve", "canCancel"] as const) {
      if (typeof policy[name] !== "function") throw configError(`policy.${name}`, "must be a function");
    }
  }
  if (hubFor !== undefined && typeof hubFor !== "function") throw configError("hubFor", "must be a function");
  const read = (name: keyof HubLimits) => {
    const [otherwise, least, most] = bounds[name];
    return numberOption(limits, name, otherwise, least, most, "limits");
  };
  const names = Object.keys(bounds) as (keyof HubLimits)[];
  const own = Object.fromEntries(names.map((name) => [name, read(name)])) as HubLimits;
  return { agents, policy, audit, limits: own };
}
