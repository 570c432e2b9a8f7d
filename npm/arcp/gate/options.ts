// @ts-nocheck
// The options of the ARCP endpoint.

import { ArcgateError, configError } from "../../errors.js";
import { numberOption } from "../../platform/options.js";
import { upstreamAuth } from "../../worker/upstream-auth.js";
import { hubBehind } from "./embedded-runtime.js";
import { resumeSealer, secretOf } from "./resume-key.js";
import { upstreamBehind } from "./upstream.js";

/** The keys of `arcp`. */
export const arcpKeys = ["upstream", "upstreamAuth", "scopes", "resumeKey", "heartbeatIntervalSec"];

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
];

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

/** What an ArcpEndpoint is made of, and what is behind it; nothing when nothing is. `options` are createWorker's. */
export function readArcp(options, clockToleranceSec) {
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
  const most = (name, otherwise) => numberOption(limits, name, otherwise, 1, 100_000, "limits");
  const given = Object.fromEntries(ofCore.map((name) => [name, limits[name]]));
  return {
    /** What is behind the gate in this environment. Throws where nothing can be. */
    behindOf: upstream ? () => upstream : hubOf(options.hubFor),
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

function readUpstream(arcp, insecureHosts) {
  const { upstream, upstreamAuth: identity } = arcp;
  if (upstream === undefined) {
    const idle = ["upstreamAuth", "resumeKey"].find((key) => arcp[key] !== undefined);
    if (idle) throw configError(`arcp.${idle}`, "is there without `arcp.upstream`");
    return undefined;
  }
  if (identity === undefined) {
    throw configError("arcp.upstreamAuth", "is missing: how does the upstream know each user? See docs/upstream.md");
  }
  return upstreamBehind({ upstream, auth: upstreamAuth(identity, "arcp.upstreamAuth"), insecureHosts });
}

// The embedded runtime, in the Durable Object that is bound as RUNTIME_HUB.
function hubOf(hubFor) {
  return (env) => {
    const binding = env?.RUNTIME_HUB;
    if (typeof binding?.idFromName === "function") return hubBehind({ binding, hubFor });
    throw new ArcgateError(
      "ERR_CONFIG",
      "`agents` over ARCP need a Durable Object: bind RuntimeHub as RUNTIME_HUB, see docs/embedded-runtime.md",
      { details: { fault: "configuration", subject: "RUNTIME_HUB" } },
    );
  };
}
