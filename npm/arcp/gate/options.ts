// The options of the ARCP endpoint.

import { documents } from "../../documentation.js";
import { ArcgateError, configError } from "../../errors.js";
import { numberOption } from "../../platform/options.js";
import type { WorkerLimits, WorkerOptions } from "../../worker/types.js";
import { upstreamAuth } from "../../worker/upstream-auth.js";
import { type HubNamespace, hubsOfPrincipals, hubUpstream } from "./embedded-runtime.js";
import { heldUpstream } from "./held-runtime.js";
import { resumeSealer, secretOf } from "./resume-key.js";
import type { ArcpSettings, Upstream } from "./settings.js";
import { remoteUpstream } from "./upstream.js";

/** The keys of `arcp`. */
export const arcpKeys = ["upstream", "upstreamAuth", "hold", "scopes", "resumeKey", "heartbeatIntervalSec"] as const;

const ofCore = [
  "helloTimeoutMs",
  "verifyTimeoutMs",
  "upstreamTimeoutMs",
  "revocationIntervalMs",
  "idleTimeoutMs",
  "maxHelloBytes",
  "maxFrameBytes",
  "maxUpstreamFrameBytes",
  "maxBufferedBytes",
  "maxFramesPerSec",
  "maxBytesPerSec",
] as const;

/** The keys of `limits` that are about sockets. */
export const socketLimits = [
  ...ofCore,
  "maxConnections",
  "maxConnectionsPerAddress",
  "maxConnectionsPerPrincipal",
  "maxSilentConnections",
  "failedHandshakesPerMinute",
  "rateLimit",
];

/** What an endpoint is made of, and its upstream. */
export interface ArcpOptions extends Omit<ArcpSettings, "revoked"> {
  /** The upstream in this environment. Throws where there can be none. */
  upstreamOf(env: unknown): Upstream;
  /** Throws where the upstream could be shown nobody. */
  checkUpstream(): Promise<void>;
  /** The upstream itself, where its sessions are held. */
  held: Upstream | undefined;
}

/** Reads it of createWorker's options; nothing when there is no upstream. */
export function readArcp<Env>(options: WorkerOptions<Env>, clockToleranceSec: number): ArcpOptions | undefined {
  const { arcp = {}, limits = {}, basePath = "", allowedOrigins, allowedHosts, audit } = options;
  const { rateLimit } = limits;
  if (rateLimit !== undefined && typeof rateLimit !== "string") {
    throw configError("limits.rateLimit", "must be the name of a rate limit binding");
  }
  const upstream = readUpstream(arcp, options.insecureHosts);
  if (!upstream && Object.keys(options.agents ?? {}).length === 0) {
    const idle = arcpKeys.find((key) => arcp[key] !== undefined);
    if (idle) throw configError(`arcp.${idle}`, "is there without `arcp.upstream` and without `agents`");
    return undefined;
  }
  const maxConnections = numberOption(limits, "maxConnections", 2000, 1, 100_000, "limits");
  // A fleet of machines may share an address, or a principal: whoever has one says so. A few fit in anyhow.
  const few = Math.min(maxConnections, 32);
  const most = (name: keyof WorkerLimits, otherwise: number) =>
    numberOption(limits, name, otherwise, 1, 100_000, "limits");
  const given = Object.fromEntries(ofCore.map((name) => [name, limits[name]]));
  return {
    upstreamOf: upstream ? (arcp.hold ? heldOf(upstream) : () => upstream) : hubOf(options.hubFor),
    held: arcp.hold ? upstream : undefined,
    checkUpstream: async () => upstream?.check?.(),
    config: {
      basePath,
      allowedOrigins,
      allowedHosts,
      limits: given,
      arcp: { scopes: arcp.scopes, heartbeatIntervalSec: arcp.heartbeatIntervalSec },
    },
    audit,
    clockToleranceSec,
    seal: resumeSealer(arcp.resumeKey ?? secretOf(arcp.upstreamAuth)),
    limits: {
      maxConnections,
      maxConnectionsPerAddress: most("maxConnectionsPerAddress", Math.max(Math.ceil(maxConnections / 2), few)),
      maxConnectionsPerPrincipal: most("maxConnectionsPerPrincipal", few),
      maxSilentConnections: most("maxSilentConnections", Math.min(32, Math.ceil(maxConnections / 2))),
      maxFramesPerSec: numberOption(limits, "maxFramesPerSec", 200, 1, 1_000_000, "limits"),
      maxBytesPerSec: numberOption(limits, "maxBytesPerSec", 4_194_304, 1024, 1_000_000_000, "limits"),
      failedHandshakesPerMinute: numberOption(limits, "failedHandshakesPerMinute", 100, 1, 100_000, "limits"),
      rateLimit,
    },
  };
}

function readUpstream(
  arcp: NonNullable<WorkerOptions["arcp"]>,
  insecureHosts: readonly string[] | undefined,
): Upstream | undefined {
  const { upstream, upstreamAuth: identity, hold } = arcp;
  if (hold !== undefined && typeof hold !== "boolean") throw configError("arcp.hold", "must be true or false");
  if (upstream === undefined) {
    const idle = (["upstreamAuth", "resumeKey", "hold"] as const).find((key) => arcp[key] !== undefined);
    if (idle) throw configError(`arcp.${idle}`, "is there without `arcp.upstream`");
    return undefined;
  }
  if (identity === undefined) {
    throw configError(
      "arcp.upstreamAuth",
      `is missing: how does the upstream know each user? See ${documents}upstream.md`,
    );
  }
  return remoteUpstream({ upstream, auth: upstreamAuth(identity, "arcp.upstreamAuth"), insecureHosts });
}

// Sessions that are held, in the Durable Object that is bound as SESSION_HOLD; where none is, they are the upstream's alone.
function heldOf(upstream: Upstream): (env: unknown) => Upstream {
  let held: { binding: HubNamespace; upstream: Upstream } | undefined;
  let hasTold = false;
  return (env) => {
    const { SESSION_HOLD: binding } = Object(env) as { SESSION_HOLD?: HubNamespace };
    if (typeof binding?.idFromName === "function") {
      if (held?.binding !== binding) held = { binding, upstream: heldUpstream({ binding }) };
      return held.upstream;
    }
    if (!hasTold) {
      console.error(
        `arcgate: arcp.hold: nothing is held: bind the Durable Object SessionHold as SESSION_HOLD, see ${documents}upstream.md`,
      );
    }
    hasTold = true;
    return upstream;
  };
}

// The embedded runtime, in the Durable Object that is bound as RUNTIME_HUB.
function hubOf(given: WorkerOptions["hubFor"]): (env: unknown) => Upstream {
  const hubFor = given ?? hubsOfPrincipals();
  return (env) => {
    const { RUNTIME_HUB: binding } = Object(env) as { RUNTIME_HUB?: HubNamespace };
    if (typeof binding?.idFromName === "function") return hubUpstream({ binding, hubFor });
    throw new ArcgateError(
      "ERR_CONFIG",
      `\`agents\` over ARCP need a Durable Object: bind RuntimeHub as RUNTIME_HUB, see ${documents}embedded-runtime.md`,
      { details: { fault: "configuration", subject: "RUNTIME_HUB" } },
    );
  };
}
