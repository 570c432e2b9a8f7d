// Its jobs: each belongs to the connection that submitted it, and dies with its first event after that is gone.

import { randomBytes } from "node:crypto";
import { ulid } from "../arcp.mjs";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function submit(connection, payload, { trace_id }) {
  const { runtime, principal } = connection;
  if (typeof payload.agent !== "string") return connection.fail("INVALID_REQUEST", "Invalid envelope: job.submit");
  const key = payload.idempotency_key === undefined ? undefined : `${principal}::${payload.idempotency_key}`;
  const known = key && runtime.keys.get(key);
  if (known) {
    const { job } = known;
    if (known.text !== canonical(payload)) {
      const more = { details: { existing_job_id: job.id } };
      return connection.refuse(job.id, "DUPLICATE_KEY", "idempotency_key reused with conflicting params", more);
    }
    // How that job ended is not said again.
    return connection.send("job.accepted", job.accepted, { job_id: job.id, trace_id: job.trace });
  }
  const [name, version = versions[payload.agent]?.at(-1)] = payload.agent.split("@");
  const run = Object.hasOwn(agents, name) ? agents[name] : undefined;
  if (!run) {
    const none = `job_${ulid()}`;
    return connection.refuse(none, "AGENT_NOT_AVAILABLE", `Agent "${payload.agent}" is not registered`);
  }
  if (version !== undefined && !versions[name]?.includes(version)) {
    return connection.fail("AGENT_VERSION_NOT_AVAILABLE", `Agent "${payload.agent}" is not registered`);
  }
  const agent = version === undefined ? name : `${name}@${version}`;
  const job = new Job(connection, { agent }, trace_id ?? randomBytes(16).toString("hex"));
  if (key) runtime.keys.set(key, { job, text: canonical(payload) });
  connection.send("job.accepted", job.accepted, { job_id: job.id, trace_id: job.trace });
  job.event("status", { phase: "running" });
  job.run(run, payload.input, payload.max_runtime_sec);
}

export function cancel(connection, { reason }, id) {
  if (id === undefined) return connection.fail("INVALID_REQUEST", "job.cancel requires job_id");
  const job = connection.jobs.get(id);
  if (job) {
    connection.send("job.cancelled", reason === undefined ? {} : { reason }, { job_id: id });
    return job.stop(reason ?? "client_cancel");
  }
  const exists = connection.runtime.jobs.has(id);
  if (exists) return connection.refuse(id, "PERMISSION_DENIED", "Subscription does not confer cancel authority");
  connection.refuse(id, "JOB_NOT_FOUND", `Job "${id}" not found in this session`);
}

export function list(connection, { filter = {}, limit = 100, cursor }, request) {
  const shown = [...connection.runtime.jobs.values()].filter(
    (job) =>
      job.principal === connection.principal &&
      (filter.status?.includes(job.status) ?? true) &&
      (filter.agent === undefined || filter.agent === job.agent || filter.agent === job.agent.split("@")[0]),
  );
  // Ids rise with the time.
  const rest = shown.filter(({ id }) => !cursor || id > cursor).sort((a, b) => (a.id < b.id ? -1 : 1));
  const page = rest.slice(0, limit);
  const jobs = page.map((job) => ({
    job_id: job.id,
    agent: job.agent,
    status: job.status,
    lease: {},
    parent_job_id: null,
    created_at: job.accepted.accepted_at,
    trace_id: job.trace,
    last_event_seq: job.last,
  }));
  connection.send("session.jobs", {
    request_id: request,
    jobs,
    next_cursor: rest.length > limit ? page.at(-1).id : null,
  });
}

export function follow(connection, { job_id: id, history, from_event_seq: from = 0 }) {
  const { runtime } = connection;
  const job = runtime.jobs.get(id);
  if (!job) return connection.refuse(id, "JOB_NOT_FOUND", `Job "${id}" not found`);
  if (job.principal !== connection.principal) {
    return connection.fail("PERMISSION_DENIED", "Subscriber's principal is not authorized to observe this job");
  }
  if (!runtime.followers.has(id)) runtime.followers.set(id, new Set());
  runtime.followers.get(id).add(connection);
  connection.followed.add(id);
  const past = history
    ? runtime.log(job.session).frames.filter((one) => one.job_id === id && one.event_seq > from)
    : [];
  for (const one of past) connection.forward(one);
  connection.send(
    "job.subscribed",
    {
      job_id: id,
      current_status: job.status,
      agent: job.agent,
      lease: {},
      parent_job_id: null,
      trace_id: job.trace,
      subscribed_from: past.length,
      replayed: past.length > 0,
    },
    { job_id: id },
  );
}

class Job {
  id = `job_${ulid()}`;
  status = "pending";
  last = 0;
  #stop = new AbortController();

  constructor(connection, { agent }, trace) {
    this.connection = connection;
    this.principal = connection.principal;
    this.session = connection.session;
    this.agent = agent;
    this.trace = trace;
    this.accepted = { job_id: this.id, agent, lease: {}, accepted_at: new Date().toISOString(), trace_id: trace };
    connection.jobs.set(this.id, this);
    connection.runtime.jobs.set(this.id, this);
  }

  get signal() {
    return this.#stop.signal;
  }

  get over() {
    return this.status !== "pending" && this.status !== "running";
  }

  /** Throws when the connection is gone, whoever else follows the job. */
  #say(type, payload) {
    const { connection } = this;
    this.last = connection.nextSeq();
    connection.send(type, payload, { job_id: this.id, event_seq: this.last, trace_id: this.trace });
  }

  event(kind, body) {
    if (this.over) return;
    this.status = "running";
    if (["progress", "result_chunk"].includes(kind) && !this.connection.features.includes(kind)) {
      throw new Error(`Cannot emit ${kind} event without negotiated '${kind}' feature`);
    }
    this.#say("job.event", { kind, ts: new Date().toISOString(), body });
  }

  stop(reason) {
    this.#stop.abort(Object.assign(new Error(reason), { code: "CANCELLED", status: "cancelled" }));
  }

  async run(agent, input, seconds) {
    const late = seconds && setTimeout(() => this.#late(seconds), seconds * 1000);
    try {
      const result = await agent(input, this);
      if (!this.over) this.#end("success", "job.result", { final_status: "success", ...result });
    } catch (error) {
      const { code = "INTERNAL_ERROR", status = "error", message } = error;
      if (!this.over) this.#fail(status, code, message, code === "INTERNAL_ERROR");
    } finally {
      clearTimeout(late);
      this.connection.jobs.delete(this.id);
      this.connection.runtime.jobs.delete(this.id);
      this.connection.runtime.followers.delete(this.id);
    }
  }

  #late(seconds) {
    if (this.over) return;
    this.#fail("timed_out", "TIMEOUT", `Job exceeded max_runtime_sec=${seconds}`, true);
    this.#stop.abort(new Error("max_runtime_sec exceeded"));
  }

  #fail(status, code, message, retryable) {
    try {
      this.#end(status, "job.error", { final_status: status, code, message, retryable });
    } catch {
      // Nobody hears of it, and nothing is kept of it.
    }
  }

  #end(status, type, payload) {
    this.status = status;
    this.#say(type, payload);
  }

  /** A promise that fails when the job is stopped. */
  stopped() {
    return new Promise((_, reject) => {
      const end = () => reject(this.signal.reason);
      if (this.signal.aborted) end();
      else this.signal.addEventListener("abort", end);
    });
  }
}

/** The versions of those that have some; the last is the default. */
const versions = { versioned: ["1.0.0", "2.0.0"] };

const agents = {
  echo: async (input) => ({ result: input }),
  versioned: async (input) => ({ result: input }),
  async count({ to, delayMs = 0 }, job) {
    for (let n = 1; n <= to; n += 1) {
      await pause(delayMs);
      // An agent is told that it should stop, and not ended.
      job.signal.throwIfAborted();
      job.event("progress", { current: n, total: to });
    }
    return { result: to };
  },
  async stream({ text = [] }, job) {
    const id = `res_${ulid()}`;
    const pieces = [...text, ""];
    for (const [n, data] of pieces.entries()) {
      const more = n < pieces.length - 1;
      job.event("result_chunk", { result_id: id, chunk_seq: n, data, encoding: "utf8", more });
    }
    return { result_id: id };
  },
  async fail() {
    throw new Error("it broke");
  },
  async slow(input, job) {
    const stopped = job.stopped();
    stopped.catch(() => {});
    job.event("status", { phase: "waiting" });
    for (let n = 1; ; n += 1) {
      await Promise.race([stopped, pause(input?.ticks ?? 3_600_000)]);
      job.event("progress", { current: n });
    }
  },
  async gated({ name, open, before, after }, job) {
    const { gates } = job.connection.runtime;
    if (!gates.has(name)) gates.set(name, Promise.withResolvers());
    if (open) {
      gates.get(name).resolve();
      return { result: "opened" };
    }
    for (let n = 1; n <= before; n += 1) job.event("progress", { current: n });
    await gates.get(name).promise;
    for (let n = 1; n <= after; n += 1) job.event("progress", { current: before + n });
    return { result: before + after };
  },
};

// The same submit in any order of members.
function canonical(value) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

/** As the welcome tells of them. */
export const inventory = Object.keys(agents).map((name) => ({
  name,
  versions: versions[name] ?? [],
  ...(versions[name] && { default: versions[name].at(-1) }),
}));
