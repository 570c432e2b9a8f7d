// @ts-nocheck
// ArcpClient: ARCP 1.1 over WebSocket, from the side that asks. The core keeps the session; this is what applications see.

import { ArcgateError, configError } from "../../errors.js";
import { aborted, orAborted } from "../../platform/cancellation.js";
import { tell } from "../../platform/events.js";
import { checkInsecureHosts, mayBePlain, tellInsecureHosts } from "../../platform/insecure-hosts.js";
import { dataJson } from "../../platform/json.js";
import { checkKeys } from "../../platform/options.js";
import { ready } from "../../platform/wasm.js";
import { bearerOf } from "../../token/bearer.js";
import { Link } from "./driver.js";
import { Job } from "./job.js";

const known = [
  "client",
  "auth",
  "features",
  "handshakeTimeoutMs",
  "requestTimeoutMs",
  "maxResultBytes",
  "reconnect",
  "shouldRetry",
  "WebSocket",
  "signal",
  "onEvent",
  "insecureHosts",
];
// What the core reads of them.
const plain = ["client", "features", "handshakeTimeoutMs", "requestTimeoutMs", "maxResultBytes", "reconnect"];
const secretNames =
  /^(access[_-]?token|id[_-]?token|token|api[_-]?key|key|auth|authorization|bearer|jwt|secret|password)$/i;

/** A session with a runtime. */
export class ArcpClient {
  #link;
  #state = "connecting";
  #session = { features: new Set(), agents: [] };
  #jobs = new Map();
  #requests = new Map();
  #onEvent;
  #open;
  #closed;
  #error;

  /** Connects: resolves after the first welcome. */
  static async connect(url, options) {
    await ready();
    const client = new ArcpClient(url, options);
    tellInsecureHosts(options.insecureHosts, "ArcpClient");
    await client.#begin(options.signal);
    return client;
  }

  constructor(url, options) {
    checkKeys(options, known);
    const { auth, shouldRetry, onEvent, signal, WebSocket = globalThis.WebSocket } = options;
    for (const [name, value] of Object.entries({ shouldRetry, onEvent })) {
      if (value !== undefined && typeof value !== "function") throw configError(name, "must be a function");
    }
    if (typeof WebSocket !== "function") {
      throw configError(
        "WebSocket",
        "is missing, and this platform has none of its own: give a class (Node 22 has one)",
      );
    }
    if (signal?.aborted) throw aborted(signal);
    this.#onEvent = onEvent;
    this.#open = deferred();
    this.#closed = deferred();
    const bearer = bearerFor(auth);
    const settings = { scheme: auth.scheme, canRenew: bearer?.canRenew === true };
    for (const name of plain) if (options[name] !== undefined) settings[name] = options[name];
    this.#link = new Link({
      url: checkedUrl(url, options.insecureHosts),
      WebSocket,
      bearer,
      shouldRetry: shouldRetry && ((event) => this.#state === "connecting" || shouldRetry(event)),
      options: settings,
      perform: (action) => this.#perform(action),
    });
    this.#link.request = (...request) => this.#request(...request);
  }

  get state() {
    return this.#state;
  }

  get sessionId() {
    return this.#session.id;
  }

  get runtime() {
    return this.#session.runtime;
  }

  get features() {
    return this.#session.features;
  }

  get agents() {
    return this.#session.agents;
  }

  get heartbeatIntervalSec() {
    return this.#session.heartbeatIntervalSec;
  }

  /** Settles once, when the session is over; never rejects. */
  get closed() {
    return this.#closed.promise;
  }

  /** Asks for a job; settles when the runtime accepts or refuses it. */
  async submit(request) {
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
    const { agent, input, idempotencyKey, maxRuntimeSec, traceId, signal } = request;
    if (typeof agent !== "string" || agent === "") throw configError("agent", "must be the name of an agent");
    if (idempotencyKey !== undefined && (typeof idempotencyKey !== "string" || idempotencyKey === "")) {
      throw configError("idempotencyKey", "must be a non-empty string");
    }
    if (traceId !== undefined && !/^(?!0{32})[0-9a-f]{32}$/.test(traceId)) {
      throw configError("traceId", "must be 32 digits of lower-case hex, not all of them zero");
    }
    const payload = {
      agent,
      input,
      lease_request: request.leaseRequest,
      lease_constraints: request.leaseConstraints,
      idempotency_key: idempotencyKey,
      max_runtime_sec: maxRuntimeSec,
    };
    return this.#request("submit", [dataJson(payload, "request"), traceId, idempotencyKey !== undefined], signal);
  }

  /** A page of the jobs that the principal may see. */
  async listJobs(filter = {}) {
    checkKeys(filter, ["status", "agent", "createdAfter", "limit", "cursor", "signal"], "filter");
    this.#needs("list_jobs");
    const { status, agent, createdAfter, limit, cursor, signal } = filter;
    const wanted = { status: typeof status === "string" ? [status] : status, agent, created_after: createdAfter };
    const hasFilter = Object.values(wanted).some((value) => value !== undefined);
    const payload = { filter: hasFilter ? wanted : undefined, limit, cursor };
    const page = await this.#request("list", [dataJson(payload, "request")], signal);
    const jobs = (Array.isArray(page.jobs) ? page.jobs : []).filter((job) => typeof job?.job_id === "string");
    return { jobs: jobs.map(entryOf), nextCursor: page.next_cursor ?? undefined };
  }

  /** Observes a job of another session, or of an earlier one. */
  async subscribe(jobId, options = {}) {
    checkKeys(options, ["history", "fromEventSeq", "signal"]);
    if (typeof jobId !== "string" || jobId === "") throw configError("jobId", "must be the id of a job");
    this.#needs("subscribe");
    const { history, fromEventSeq, signal } = options;
    const payload = { job_id: jobId, from_event_seq: fromEventSeq ?? (history ? 0 : undefined), history };
    return this.#request("subscribe", [jobId, dataJson(payload, "request")], signal);
  }

  /** Ends the session; jobs go on at the runtime. */
  async close(reason = "closed by the client") {
    this.#link.call("close", String(reason));
    await this.#closed.promise;
  }

  [Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]() {
    return this.close();
  }

  async #begin(signal) {
    this.#link.call("start");
    try {
      await orAborted(this.#open.promise, signal);
    } catch (error) {
      this.#link.call("close", "given up");
      throw error;
    }
    if (signal) {
      const onAbort = () => this.#link.call("close", "aborted");
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
      this.#closed.promise.then(() => signal.removeEventListener("abort", onAbort));
    }
  }

  #needs(feature) {
    if (this.#state === "closed") throw this.#error;
    if (this.#session.features.has(feature)) return;
    throw new ArcgateError("ERR_REMOTE", `the runtime and this client have not agreed on \`${feature}\``, {
      details: { fault: "peer", code: "INVALID_REQUEST", subject: feature },
    });
  }

  #request(method, args, signal) {
    if (this.#state === "closed") return Promise.reject(this.#error);
    if (signal?.aborted) return Promise.reject(aborted(signal));
    const answer = deferred();
    const number = this.#link.ask(method, args, (number) => this.#requests.set(number, answer));
    if (number === undefined) return Promise.reject(this.#error);
    if (!signal) return answer.promise;
    const onAbort = () => {
      if (!this.#requests.delete(number)) return;
      answer.reject(aborted(signal));
      this.#link.call("abandon", number);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    return answer.promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  #settle(number, settle) {
    const answer = this.#requests.get(number);
    this.#requests.delete(number);
    if (answer) settle(answer);
  }

  #perform(action) {
    switch (action.do) {
      case "opened":
        return this.#opened(action);
      case "tell":
        return this.#tell(action.event);
      case "accepted":
      case "held":
        return this.#accepted(action);
      case "answer":
        return this.#settle(action.request, ({ resolve }) => resolve(action.payload));
      case "done":
        return this.#settle(action.request, ({ resolve }) => resolve());
      case "refused":
        return this.#settle(action.request, ({ reject }) => reject(this.#toError(action.error)));
      case "forget":
        return void this.#jobs.delete(action.job);
      case "closed":
        return this.#over(action);
      default:
        return this.#ofJob(action);
    }
  }

  #opened({ sessionId, runtimeName, runtimeVersion, features, agents, heartbeatMs }) {
    this.#session = {
      id: sessionId,
      runtime: Object.freeze({ name: runtimeName, version: runtimeVersion }),
      features: new Set(features),
      agents,
      heartbeatIntervalSec: heartbeatMs === undefined ? undefined : heartbeatMs / 1000,
    };
    this.#state = "open";
    this.#open.resolve();
  }

  #accepted({ request, job: handle, id, payload }) {
    let job = this.#jobs.get(handle);
    if (payload && !job?.id) {
      job ??= new Job(this.#link, handle);
      const isOver = Job.begin(job, id, Object.freeze(payload));
      if (isOver) this.#jobs.delete(handle);
      else this.#jobs.set(handle, job);
    }
    this.#settle(request, ({ resolve, reject }) => {
      if (job?.id) resolve(job);
      else reject(new ArcgateError("ERR_CONFIG", "a subscription to this job is under way already"));
    });
  }

  #ofJob(action) {
    // Some runtimes replay a job's events, and its end, before they say that it is subscribed to.
    const job = this.#jobs.get(action.job) ?? new Job(this.#link, action.job);
    this.#jobs.set(action.job, job);
    if (action.error) action.error = this.#toError(action.error);
    const isEnd = action.do === "result" || action.do === "failed";
    if (isEnd && job.id) this.#jobs.delete(action.job);
    Job.receive(job, action);
  }

  #tell(event) {
    if (event.type === "reconnecting") this.#state = "reconnecting";
    if (event.error) event = { type: event.type, error: this.#toError(event.error) };
    if (event.reason) event.reason = this.#link.clean(event.reason);
    this.#emit(event);
  }

  #over({ code, reason, error }) {
    this.#state = "closed";
    this.#error = error;
    this.#open.promise.catch(() => {});
    this.#open.reject(error);
    for (const answer of this.#requests.values()) answer.reject(error);
    this.#requests.clear();
    for (const job of this.#jobs.values()) Job.receive(job, { do: "failed", error });
    this.#jobs.clear();
    this.#emit({ type: "closed", code, reason, error: code === "CLOSED" ? undefined : error });
    this.#closed.resolve({ code, reason });
  }

  #emit(event) {
    if (this.#onEvent) tell(this.#onEvent, event);
  }

  #toError(error) {
    const { code, message, retryable, details } = this.#link.clean(error);
    return new ArcgateError(code, message, { retryable, details });
  }
}

function deferred() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => {
    parts.resolve = resolve;
    parts.reject = reject;
  });
  return parts;
}

function bearerFor(auth) {
  checkKeys(auth, ["scheme", "token"], "auth");
  const { scheme, token } = auth;
  if (typeof scheme !== "string")
    throw configError("auth.scheme", "must be bearer, none or x-vendor.<vendor>.<scheme>");
  if (scheme === "none" && token !== undefined) throw configError("auth.token", "goes with a scheme; `none` has none");
  if (scheme === "bearer") return bearerOf(token);
  return token === undefined ? undefined : bearerOf(token, scheme);
}

function checkedUrl(given, insecureHosts) {
  checkInsecureHosts(insecureHosts);
  let url;
  try {
    url = new URL(given);
  } catch {
    throw configError("url", "must be an absolute URL, such as wss://agents.example/arcp");
  }
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw configError("url", "must begin with wss://");
  if (url.protocol === "ws:" && !mayBePlain(url, insecureHosts)) {
    throw configError(
      "url",
      "must begin with wss://: a token goes unencrypted to this machine and to `insecureHosts` only",
    );
  }
  if (url.username || url.password) throw configError("url", "must hold no credentials: they belong into `auth`");
  if (url.hash) throw configError("url", "must have no fragment");
  for (const [name, value] of url.searchParams) {
    if (secretNames.test(name) || /^eyJ[\w-]+\.[\w-]+\./.test(value)) {
      throw configError("url", "must hold no secret: URLs are logged and remembered");
    }
  }
  return url.href;
}

// An entry of a list, by the names that the SDKs have for its members.
function entryOf(entry) {
  const { job_id, agent, status, created_at, submitted_at, parent_job_id, trace_id, last_event_seq, ...rest } = entry;
  return {
    ...rest,
    id: job_id,
    agent,
    status,
    createdAt: created_at ?? submitted_at ?? undefined,
    parentJobId: parent_job_id ?? undefined,
    traceId: trace_id ?? undefined,
    lastEventSeq: last_event_seq ?? undefined,
  };
}
