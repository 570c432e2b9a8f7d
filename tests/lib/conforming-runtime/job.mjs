// A job of the conforming runtime: submitted, run, ended.

import { randomBytes } from "node:crypto";
import { ulid } from "../arcp.mjs";

export class Job {
  followers = new Set();
  /** What it has said, with the submitter's numbers. */
  told = [];
  status = "running";
  created_at = new Date().toISOString();
  timers = [];

  static submit(runtime, session, payload, { request, trace_id }) {
    const { agent, input, idempotency_key, lease_constraints, lease_request = {}, max_runtime_sec } = payload;
    const refuse = (code) => runtime.error(session, code, request);
    const resolved = runtime.resolve ? runtime.resolve(agent) : resolve(runtime, agent);
    if (resolved.code) return refuse(resolved.code);
    if (!runtime.isLease(lease_constraints)) return refuse("INVALID_REQUEST");
    const key = idempotency_key && runtime.keyOf(session, idempotency_key);
    const parameters = JSON.stringify([agent, input]);
    const known = key && runtime.keys.get(key);
    if (known && !runtime.isSame(known, parameters)) return refuse("DUPLICATE_KEY");
    if (known) return runtime.again(session, known.job, request);
    const job = new Job();
    Object.assign(job, { id: `job_${ulid()}`, runtime, session, principal: session.principal, agent: resolved.agent });
    job.lease = runtime.grant(lease_request);
    job.trace_id = trace_id ?? runtime.trace();
    job.accepted = { job_id: job.id, agent: job.agent, lease: job.lease, accepted_at: job.created_at };
    if (lease_constraints) job.accepted.lease_constraints = lease_constraints;
    if (job.trace_id) job.accepted.trace_id = job.trace_id;
    runtime.jobs.set(job.id, job);
    if (key) runtime.keys.set(key, { job, parameters });
    job.followers.add(session);
    runtime.say(session, "job.accepted", { ...job.accepted, request_id: request }, { job_id: job.id });
    job.after(max_runtime_sec && max_runtime_sec * 1000, () => job.fail("timed_out", "TIMEOUT"));
    const ends = lease_constraints?.expires_at;
    job.after(ends && Date.parse(ends) - Date.now(), () => runtime.leaseEnds(job));
    runtime.run(job, input);
    return true;
  }

  after(ms, act) {
    if (ms) this.timers.push(setTimeout(act, ms));
  }

  stop() {
    for (const timer of this.timers) clearTimeout(timer);
  }

  say(type, payload) {
    if (this.status !== "running") return;
    const numbers = new Map([...this.followers].map((one) => [one, this.runtime.pass(one, this, { type, payload })]));
    this.told.push({ seq: numbers.get(this.session) ?? 0, type, payload });
  }

  event(kind, body) {
    this.say("job.event", { kind, ts: new Date().toISOString(), body });
  }

  end(status, type, payload) {
    this.say(type, { final_status: status, ...payload });
    this.status = status;
    this.stop();
  }

  succeed(payload) {
    this.end("success", "job.result", payload);
  }

  fail(status, code) {
    this.end(status, "job.error", this.runtime.errorPayload(code));
  }

  cancel(session, request) {
    this.runtime.say(session, "job.cancelled", { job_id: this.id, request_id: request }, { job_id: this.id });
    this.fail("cancelled", "CANCELLED");
  }
}

function resolve({ agents }, text) {
  const [name, version] = String(text).split("@");
  const agent = agents.find((one) => one.name === name);
  if (!agent) return { code: "AGENT_NOT_AVAILABLE" };
  if (version !== undefined && !agent.versions.includes(version)) return { code: "AGENT_VERSION_NOT_AVAILABLE" };
  return { agent: `${name}@${version ?? agent.default}` };
}

/** What the runtime does with jobs, in pieces that a mutation can replace. */
export const jobMethods = {
  keyOf: (session, key) => `${session.principal} ${key}`,
  isSame: (known, parameters) => known.parameters === parameters,
  grant: (lease) => lease,
  trace: () => randomBytes(16).toString("hex"),
  isLease: (constraints) => {
    const ends = constraints?.expires_at;
    return ends === undefined || (ends.endsWith("Z") && Date.parse(ends) > Date.now());
  },
  leaseEnds: (job) => job.fail("error", "LEASE_EXPIRED"),
  again(session, job, request_id) {
    this.say(session, "job.accepted", { ...job.accepted, request_id }, { job_id: job.id });
    const end = job.told.at(-1);
    if (job.status !== "running") this.pass(session, job, end);
    else job.followers.add(session);
    return true;
  },
  run(job, input) {
    const [name] = job.agent.split("@");
    if (name === "echo") return job.after(1, () => job.succeed({ result: input }));
    if (name === "chunks") return job.after(1, () => this.stream(job));
    return this.count(job, input);
  },
  stream(job) {
    const result_id = `res_${ulid()}`;
    for (const chunk_seq of [0, 1, 2])
      job.event("result_chunk", { result_id, chunk_seq, data: "piece", encoding: "utf8", more: chunk_seq < 2 });
    job.succeed({ result_id, result_size: 15 });
  },
  count(job, { to = 5, delayMs = 0 }) {
    const step = (current) => {
      if (job.status !== "running") return;
      if (current > to) return job.succeed({ result: to });
      job.event("progress", { current, total: to });
      if (delayMs || current % 100 === 0) job.after(delayMs || 1, () => step(current + 1));
      else step(current + 1);
    };
    job.after(delayMs || 1, () => step(1));
  },
};
