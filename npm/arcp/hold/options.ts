// The options of sessions that are held for an upstream.

import { numberOption } from "../../platform/options.js";
import type { AuditEvent } from "../../worker/audit-types.js";
import type { WorkerLimits, WorkerOptions } from "../../worker/types.js";
import type { Upstream } from "../gate/settings.js";
import type { Asked } from "./standing.js";

/** What SessionHold is made of. */
export interface HoldOptions extends Pick<Asked, "revoked" | "verifiers"> {
  upstream: Upstream;
  /** What the core reads. */
  config: object;
  audit: ((event: AuditEvent) => void | Promise<void>) | undefined;
}

// Name -> default, least, most.
const bounds = {
  resumeWindowSec: [600, 1, 86_400],
  maxSessions: [32, 1, 1024],
  maxHeldFrames: [10_000, 1, 100_000],
  maxHeldBytes: [8_388_608, 1024, 33_554_432],
  maxUpstreamFrameBytes: [4_194_304, 256, 33_554_432],
} as const;

/** The keys of `limits` that are about sessions that are held alone. */
export const holdLimits = ["maxHeldFrames", "maxHeldBytes"] as const;

/** Reads the limits of createWorker's options. */
export function readHoldLimits<Env>({ limits = {} }: WorkerOptions<Env>): object {
  const names = Object.keys(bounds) as (keyof typeof bounds & keyof WorkerLimits)[];
  const read = (name: keyof typeof bounds) => {
    const [otherwise, least, most] = bounds[name];
    return numberOption(limits, name, otherwise, least, most, "limits");
  };
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}
