// The options of the ARCP endpoint.

import { resumeSealer, secretOf } from "./arcp-resume.js";
import { upstreamBehind } from "./arcp-upstream.js";
import { configError } from "./errors.js";
import { numberOption } from "./options.js";
import { upstreamAuth } from "./upstream-auth.js";

/** The keys of `arcp`. */
export const arcpKeys = ["upstream", "upstreamAuth", "scopes", "resumeKey", "heartbeatIntervalSec"];

const ofCore = [
  "helloTimeoutMs",
  "verifyTimeoutMs",
  "upstreamTimeoutMs",
  "revocationIntervalMs",
  "maxHelloBytes",
  "maxFrameBytes",
  "maxUpstreamFrameBytes",
  "maxBufferedBytes",
];

/** The keys of `limits` that are about sockets. */
export const socketLimits = [...ofCore, "maxConnections", "failedHandshakesPerMinute", "rateLimit"];

/** What an ArcpEndpoint is made of, and what is behind it; nothing when nothing is. `options` are createWorker's. */
export function readArcp(options, clockToleranceSec) {
  const { arcp = {}, limits = {}, basePath = "", allowedOrigins, allowedHosts, audit } = options;
  const { rateLimit } = limits;
  if (rateLimit !== undefined && typeof rateLimit !== "string") {
    throw configError("limits.rateLimit", "must be the name of a rate limit binding");
  }
  const behind = readUpstream(arcp);
  if (!behind) return undefined;
  const given = Object.fromEntries(ofCore.map((name) => [name, limits[name]]));
  return {
    behind,
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
      maxConnections: numberOption(limits, "maxConnections", 2000, 1, 100_000, "limits"),
      failedHandshakesPerMinute: numberOption(limits, "failedHandshakesPerMinute", 30, 1, 100_000, "limits"),
      rateLimit,
    },
  };
}

function readUpstream(arcp) {
  const { upstream, upstreamAuth: identity } = arcp;
  if (upstream === undefined) {
    const idle = arcpKeys.find((key) => arcp[key] !== undefined);
    if (idle) throw configError(`arcp.${idle}`, "is there without `arcp.upstream`");
    return undefined;
  }
  if (identity === undefined) {
    throw configError("arcp.upstreamAuth", "is missing: how does the upstream know each user? See docs/upstream.md");
  }
  return upstreamBehind({ upstream, auth: upstreamAuth(identity, "arcp.upstreamAuth") });
}
