// What an application asks of a runtime, by the names that the wire has for it.

import { configError } from "../../errors.js";
import { dataJson } from "../../platform/json.js";
import { checkKeys } from "../../platform/options.js";
import type { InputArguments } from "./inputs.js";
import type { JobFilter, JobPage, JobRequest, SubscribeOptions } from "./types.js";

/** A `job.submit`. */
export function submission(request: JobRequest): InputArguments<"handleSubmit"> {
  checkKeys(request, [
    "agent",
    "input",
    "leaseRequest",
    "leaseConstraints",
    "idempotencyKey",
    "maxRuntimeSec",
    "traceId",
    "signal",
  ]);
  const { agent, input, idempotencyKey, maxRuntimeSec, traceId } = request;
  if (typeof agent !== "string" || agent === "") throw configError("agent", "must be the name of an agent");
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== "string" || idempotencyKey === "")) {
    throw configError("idempotencyKey", "must be a non-empty string");
  }
  const payload = {
    agent,
    input,
    lease_request: request.leaseRequest,
    lease_constraints: request.leaseConstraints,
    idempotency_key: idempotencyKey,
    max_runtime_sec: maxRuntimeSec,
  };
  return [
    dataJson(payload, "request"),
    traceId === undefined ? undefined : String(traceId),
    idempotencyKey !== undefined,
  ];
}

/** A `session.list_jobs`, of a filter that has been checked. */
export function listing({ status, agent, createdAfter, limit, cursor }: JobFilter): InputArguments<"handleList"> {
  const wanted = { status: typeof status === "string" ? [status] : status, agent, created_after: createdAfter };
  const hasFilter = Object.values(wanted).some((value) => value !== undefined);
  return [dataJson({ filter: hasFilter ? wanted : undefined, limit, cursor }, "request")];
}

/** A page of jobs, by the names that the SDKs have for their members. */
export function jobPage(page: { jobs?: unknown; next_cursor?: unknown }): JobPage {
  const entries: unknown[] = Array.isArray(page.jobs) ? page.jobs : [];
  const jobs = entries.filter((entry): entry is Entry => typeof (entry as Partial<Entry> | null)?.job_id === "string");
  return { jobs: jobs.map(entryOf), nextCursor: (page.next_cursor ?? undefined) as string | undefined } as JobPage;
}

// As it came: nothing but its id is checked.
type Entry = { job_id: string } & Record<string, unknown>;

function entryOf(entry: Entry): JobPage["jobs"][number] {
  const { job_id, agent, status, created_at, submitted_at, parent_job_id, trace_id, last_event_seq, ...rest } = entry;
  return {
    ...rest,
    id: job_id,
    agent: agent as string,
    status: status as string,
    createdAt: (created_at ?? submitted_at ?? undefined) as string | undefined,
    parentJobId: (parent_job_id ?? undefined) as string | undefined,
    traceId: (trace_id ?? undefined) as string | undefined,
    lastEventSeq: (last_event_seq ?? undefined) as number | undefined,
  } as JobPage["jobs"][number];
}

/** A `job.subscribe`, with options that have been checked. */
export function subscription(
  jobId: string,
  { history, fromEventSeq }: SubscribeOptions,
): InputArguments<"handleSubscribe"> {
  const payload = { job_id: jobId, from_event_seq: fromEventSeq ?? (history ? 0 : undefined), history };
  return [jobId, dataJson(payload, "request")];
}
