// The options of createWorker: what is wrong with them is an error that names the option and the fix.

import { ArcUpstream } from "../arc/gate/upstream.js";
import { arcpKeys, readArcp, socketLimits } from "../arcp/gate/options.js";
import { holdLimits, readHoldLimits } from "../arcp/hold/options.js";
import { hubLimits, readHub } from "../arcp/runtime/options.js";
import { documents } from "../documentation.js";
import { configError } from "../errors.js";
import { checkInsecureHosts } from "../platform/insecure-hosts.js";
import { checkKeys, entriesOf, numberOption } from "../platform/options.js";
import { checkVerifier } from "../verify/request.js";
import { isPending } from "../verify/ways.js";
import type { WorkerOptions } from "./types.js";
import { upstreamAuth } from "./upstream-auth.js";
import { upstreamTarget } from "./upstream-target.js";

// Name -> default, least, most.
const ofArc = {
  agentTimeoutMs: [300_000, 1, 86_400_000],
  bodyTimeoutMs: [30_000, 1, 3_600_000],
  verifyTimeoutMs: [15_000, 10, 600_000],
  maxAnswerBytes: [10_485_760, 1, 104_857_600],
  maxRequestsPerPrincipal: [100, 1, 100_000],
  maxBodiesPerPrincipal: [32, 1, 100_000],
  maxBodyBytesPerPrincipal: [16_777_216, 1, 2_147_483_648],
  maxBodyBytesPerSec: [4_194_304, 1, 2_147_483_648],
} as const;

/** The limits of requests that JavaScript keeps. */
export type ArcLimits = { [Name in keyof typeof ofArc]: number };

const known = [
  "verifier",
  "agents",
  "arc",
  "arcp",
  "policy",
  "hubFor",
  "basePath",
  "allowedOrigins",
  "allowedHosts",
  "limits",
  "audit",
  "insecureHosts",
];

/** What createWorker is made of. */
export type Settings = ReturnType<typeof readOptions>;

/** Reads the options of createWorker; the parts named `config` are the core's to read. */
export function readOptions<Env>(options: WorkerOptions<Env>) {
  checkKeys(options, known);
  const { verifier, agents = {}, arc = {}, arcp = {}, limits = {}, basePath = "", audit } = options;
  checkKeys(arc, ["upstream", "upstreamAuth", "scopes", "bindRequestAgent"], "arc");
  checkKeys(arcp, arcpKeys, "arcp");
  checkInsecureHosts(options.insecureHosts);
  const inLimits = ["maxBodyBytes", "clockToleranceSec", "maxTokenLifetimeSec", ...Object.keys(ofArc)];
  checkKeys(limits, [...inLimits, ...socketLimits, ...hubLimits, ...holdLimits], "limits");
  if (typeof verifier !== "function" && !isPending(verifier)) checkVerifier(verifier);
  if (audit !== undefined && typeof audit !== "function") throw configError("audit", "must be a function");
  for (const [name, agent] of entriesOf(agents, "agents", "must be a record: name -> agent")) {
    if (typeof agent !== "function") throw configError(`agents.${name}`, "must be a function");
  }
  const clockToleranceSec = numberOption(limits, "clockToleranceSec", 30, 0, 300, "limits");
  const read = (name: keyof ArcLimits) => {
    const [otherwise, least, most] = ofArc[name];
    return numberOption(limits, name, otherwise, least, most, "limits");
  };
  const names = Object.keys(ofArc) as (keyof ArcLimits)[];
  const ofLimits = Object.fromEntries(names.map((name) => [name, read(name)])) as ArcLimits;
  return {
    arcp: readArcp(options, clockToleranceSec),
    config: {
      basePath,
      allowedOrigins: options.allowedOrigins,
      allowedHosts: options.allowedHosts,
      scopes: arc.scopes,
      bindRequestAgent: arc.bindRequestAgent,
      agents: Object.keys(agents),
      upstream: arc.upstream !== undefined,
      maxBodyBytes: limits.maxBodyBytes,
    },
    agents,
    hub: readHub(options),
    holdLimits: readHoldLimits(options),
    arc: ofLimits,
    upstream: arcUpstream(arc, options.insecureHosts, ofLimits),
    audit,
    clockToleranceSec,
    // A month: no provider's access tokens live longer.
    maxTokenLifetimeSec: numberOption(limits, "maxTokenLifetimeSec", 2_678_400, 60, 31_536_000, "limits"),
  };
}

function arcUpstream(
  { upstream, upstreamAuth: auth }: NonNullable<WorkerOptions["arc"]>,
  insecureHosts: readonly string[] | undefined,
  { maxAnswerBytes }: ArcLimits,
): ArcUpstream | undefined {
  if (upstream === undefined) {
    if (auth === undefined) return undefined;
    throw configError("arc.upstreamAuth", "is there without `arc.upstream`");
  }
  if (auth === undefined) {
    throw configError(
      "arc.upstreamAuth",
      `is missing: how does the upstream know each user? See ${documents}upstream.md`,
    );
  }
  return new ArcUpstream(
    upstreamTarget(upstream, "arc.upstream", { insecureHosts }),
    upstreamAuth(auth, "arc.upstreamAuth"),
    maxAnswerBytes,
  );
}
