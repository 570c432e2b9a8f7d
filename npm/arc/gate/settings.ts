// What the endpoint of ARC is made of, and what the core decides about its requests.

import type { Agent } from "../../arcp/runtime/types.js";
import type { Credentials, Principal, Verifier } from "../../verify/types.js";
import type { Told } from "../../worker/audit.js";
import type { AuditEvent } from "../../worker/audit-types.js";
import type { Guard } from "../../worker/dev-guard.js";
import type { InFlight } from "../../worker/in-flight.js";
import type { ArcLimits } from "../../worker/options.js";
import type { WorkerContext } from "../../worker/types.js";
import type { Reply } from "./reply.js";
import type { ArcUpstream } from "./upstream.js";

/** Whether a principal's token is revoked, by the store's word, and whether there is anything to ask. */
export interface StoredRevocation {
  isRevoked(principal: Principal, credentials: Credentials, maxAgeMs?: number): Promise<boolean>;
  applies(principal: Principal): boolean;
}

/** What an endpoint is made of. */
export interface ArcSettings {
  /** What the core reads. */
  config: object;
  agents: Record<string, Agent>;
  upstream: ArcUpstream | undefined;
  audit: ((event: AuditEvent) => void | Promise<void>) | undefined;
  arc: ArcLimits;
  clockToleranceSec: number;
  /** What all requests of the isolate share. */
  inFlight: InFlight;
}

/** What belongs to one request besides it. */
export interface Surroundings {
  /** The verifier, once it is needed. */
  verifierOf(): Verifier | Promise<Verifier>;
  /** May still refuse a principal. */
  guard: Guard;
  revoked: StoredRevocation;
  ctx: WorkerContext | undefined;
}

/** The core's word on a head. */
export interface HeadDecision {
  /** Header fields of each answer. */
  fields: Record<string, string>;
  reply?: Reply;
  scheme: string;
  token?: string;
}

/** The core's word on a body: an answer, an agent to run, or the ticket of a request that is sent on. */
export type BodyDecision = { seen: Partial<Told>; needs: string[] } & (
  | { reply: Reply }
  | { reply?: undefined; forward?: undefined; agent: number; stream: boolean; jobId: string; traceId: string }
  | { reply?: undefined; forward: true }
);
