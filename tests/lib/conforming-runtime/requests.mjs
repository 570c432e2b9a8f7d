// What a session asks of the conforming runtime, a method for each type of message, and what those are made of.

import { Job } from "./job.mjs";

const final = new Set(["success", "error", "cancelled", "timed_out"]);
const now = () => new Date().toISOString();

export const requestMethods = {
  "session.ping"(session, { nonce }) {
    return this.say(session, "session.pong", { ping_nonce: nonce, received_at: now() });
  },

  "session.pong"() {
    return true;
  },

  "session.ack"(session, { last_processed_seq }) {
    session.freed = Math.max(session.freed, Math.min(last_processed_seq, session.seq));
    session.kept = session.kept.filter(({ event_seq }) => event_seq > session.freed);
    return true;
  },

  "session.close"(session) {
    this.say(session, "session.closed", {});
    return this["session.bye"](session);
  },

  "session.bye"(session) {
    session.connection?.socket.close(1000);
    session.connection = undefined;
    return true;
  },

  "session.list_jobs"(session, { filter, limit }, { id }) {
    if (!session.features.has("list_jobs")) return this.error(session, "INVALID_REQUEST", id);
    const jobs = [...this.jobs.values()]
      .filter((job) => this.isListed(session, job))
      .filter(({ status }) => !filter?.status || filter.status.includes(status))
      .filter(({ agent }) => !filter?.agent || agent.split("@")[0] === filter.agent.split("@")[0])
      .slice(0, limit ?? 1000)
      .map((job) => this.entry(job));
    return this.say(session, "session.jobs", { request_id: id, jobs, next_cursor: null });
  },

  entry({ id, agent, status, lease, created_at, trace_id }) {
    return { job_id: id, agent, status, lease, parent_job_id: null, created_at, trace_id, last_event_seq: 0 };
  },

  isListed(session, job) {
    return job.principal === session.principal;
  },

  mayObserve(session, job) {
    return job?.principal === session.principal;
  },

  "job.subscribe"(session, { job_id, from_event_seq, history }, { id }) {
    if (!session.features.has("subscribe") || job_id === undefined) return this.error(session, "INVALID_REQUEST", id);
    const job = this.jobs.get(job_id);
    if (!this.mayObserve(session, job)) return this.error(session, this.unseen(job), id);
    const { status: current_status, agent, lease, trace_id } = job;
    const replayed = this.replays(history, from_event_seq);
    const told = {
      request_id: id,
      job_id,
      current_status,
      agent,
      lease,
      trace_id,
      subscribed_from: session.seq,
      replayed,
    };
    this.say(session, "job.subscribed", told, { job_id });
    if (replayed) for (const event of this.history(job, from_event_seq ?? 0)) this.pass(session, job, event);
    if (!final.has(job.status)) job.followers.add(session);
    return true;
  },

  unseen(_job) {
    return "JOB_NOT_FOUND";
  },

  replays(history, _from) {
    return history === true;
  },

  history(job, after) {
    return job.told.filter(({ seq }) => seq > after);
  },

  /** An event of a job, or its end, to a session that follows it. */
  pass(session, job, { type, payload }) {
    if (!this.isAgreed(session, payload.kind)) return undefined;
    return this.tell(session, type, payload, job);
  },

  isAgreed({ features }, kind) {
    return (kind !== "progress" && kind !== "result_chunk") || features.has(kind);
  },

  "job.unsubscribe"(session, { job_id }) {
    return this.jobs.get(job_id)?.followers.delete(session) ?? true;
  },

  "job.submit"(session, payload, { id, trace_id }) {
    return Job.submit(this, session, payload, { request: id, trace_id });
  },

  "job.cancel"(session, payload, { id, job_id = payload.job_id }) {
    const job = this.jobs.get(job_id);
    if (!job || !this.mayCancel(session, job)) return this.error(session, "JOB_NOT_FOUND", id);
    if (!final.has(job.status)) job.cancel(session, id);
    return true;
  },

  mayCancel(session, job) {
    return job.session === session;
  },
};
