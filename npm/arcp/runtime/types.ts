// Agents of one's own, and the jobs that they do.

import type { Principal } from "../../verify/types.js";
import type { EventBodies } from "../event-bodies.js";

/** An agent: takes and gives what JSON can hold, at once or after a series of events. */
export type Agent = (input: unknown, context: JobContext) => Promise<unknown> | AsyncGenerator<JobEventBody, unknown>;

/** What an agent knows of its call. There is no principal and no token in it. */
export interface JobContext {
  readonly jobId: string;
  readonly agent: string;
  readonly traceId: string;
  /** Aborted when the job is cancelled or its time is over; over ARC also when the caller has gone or the token has ended. */
  readonly signal: AbortSignal;
  /** What the client asked the job to be allowed (ARCP 1.1 §9): nothing here holds an agent to it. Over ARC: empty. */
  readonly lease: object;
  log(level: string, message: string): void;
  progress(current: number, total?: number, message?: string): void;
}

/** An event of a job: its kind and the body that goes with it. */
export type JobEventBody =
  | { [Kind in keyof EventBodies]: { kind: Kind; body: EventBodies[Kind] } }[keyof EventBodies]
  | { kind: "result_chunk"; body: { data: string; encoding?: "utf8" | "base64"; [name: string]: unknown } }
  | { kind: `x-vendor.${string}`; body: Record<string, unknown> };

/**
 * Says yes with `true`; anything else, and an error, is a no, which the client can't tell from a job that doesn't exist. So that it
 * can't by the time either, the policy is asked about a job that doesn't exist, too, as one of somebody's (`principal.id` "nobody")
 * who has no labels; whatever it says then, the client hears that there is none. `SamePrincipalPolicy` is what holds without one.
 */
export interface JobPolicy {
  /** Whether a principal may list and subscribe to another's job; one's own are not asked about. */
  canObserve(job: JobInfo, principal: Principal): boolean;
  /** Whether a principal may cancel a job, one's own included; `sameSession`: whether that session submitted it. */
  canCancel(job: JobInfo, principal: Principal, sameSession: boolean): boolean;
}

/** What a policy knows of a job. */
export interface JobInfo {
  id: string;
  /** "name" or "name@version" */
  agent: string;
  status: "running" | "success" | "error" | "cancelled" | "timed_out";
  /** Seconds since the epoch. */
  createdAt: number;
  traceId: string;
  /** Whether the session that submitted it is over: its client has closed it, or can't resume it any more. */
  orphaned: boolean;
  /** Who submitted it, as they were then. */
  principal: Principal;
}
