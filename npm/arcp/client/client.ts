/// <reference lib="esnext.disposable" preserve="true" />
// ArcpClient: ARCP 1.1 over WebSocket, from the side that asks. The core keeps the session; this is what applications see.

import { ArcgateError, type CoreError, configError } from "../../errors.js";
import { aborted, orAborted } from "../../platform/cancellation.js";
import { type Deferred, deferred } from "../../platform/deferred.js";
import { notify, type Untimed } from "../../platform/events.js";
import { warnOfInsecureHosts } from "../../platform/insecure-hosts.js";
import { ready } from "../../platform/modules/client.js";
import { checkKeys } from "../../platform/options.js";
import type { Accepted, ClientAction, Closed, CoreEvent, JobAction, Opened } from "./actions.js";
import { Driver } from "./driver.js";
import type { InputArguments, RequestName } from "./inputs.js";
import { Job as JobHandle } from "./job.js";
import { bearerFor, checkedUrl, checkOptions, coreOptions } from "./options.js";
import { jobPage, listing, submission, subscription } from "./requests.js";
import { type Session, sessionOf } from "./session.js";
import type {
  ArcpClientOptions,
  Job,
  JobFilter,
  JobPage,
  JobRequest,
  SessionEvent,
  SubscribeOptions,
} from "./types.js";

// Platforms without it have no `await using` either.
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/**
 * ARCP 1.1 over WebSocket, from the side that asks: one session, over as many connections as it takes.
 *
 * ```js
 * import { ArcpClient } from "arcgate";
 *
 * async function count() {
 *   const client = await ArcpClient.connect("wss://agents.example/arcp", {
 *     client: { name: "example", version: "1.0.0" },
 *     auth: { scheme: "bearer", token },
 *   });
 *   const job = await client.submit({ agent: "count", input: { to: 3 } });
 *   for await (const { kind, body } of job) show(kind, body);
 *   show(await job.result);
 *   await client.close();
 * }
 * ```
 */
export class ArcpClient {
  #driver: Driver;
  #state: ArcpClient["state"] = "connecting";
  #session: Partial<Session> & Pick<Session, "features" | "agents"> = { features: new Set(), agents: [] };
  #jobs = new Map<number, JobHandle>();
  #requests = new Map<number, Deferred<unknown>>();
  #onEvent: ArcpClientOptions["onEvent"];
  #open = deferred<void>();
  #closed = deferred<{ code: string; reason: string }>();
  #error: ArcgateError | undefined;

  /**
   * Connects; resolves after the first welcome. The URL is wss://, or ws:// to this machine, and holds no secret.
   *
   * Throws ERR_UNAUTHENTICATED, ERR_HANDSHAKE_TIMEOUT, ERR_NETWORK, ERR_PROTOCOL, ERR_REMOTE, ERR_CONFIG, ERR_ABORTED, or what
   * the source of tokens throws. The first connection is tried once; with a fresh token once more when one is refused.
   */
  static async connect(url: string | URL, options: ArcpClientOptions): Promise<ArcpClient> {
    await ready();
    const client = new ArcpClient(url, options);
    warnOfInsecureHosts(options.insecureHosts, "ArcpClient");
    await client.#begin(options.signal);
    return client;
  }

  private constructor(url: string | URL, options: ArcpClientOptions) {
    const WebSocket = checkOptions(options);
    const { auth, shouldRetry, signal } = options;
    if (signal?.aborted) throw aborted(signal);
    this.#onEvent = options.onEvent;
    const bearer = bearerFor(auth);
    this.#driver = new Driver({
      url: checkedUrl(url, options.insecureHosts),
      WebSocket,
      bearer,
      shouldRetry: shouldRetry && ((event) => this.#state === "connecting" || shouldRetry(event)),
      options: coreOptions(options, bearer?.canRenew === true),
      perform: (action) => this.#perform(action),
    });
  }

  /** `connecting` until the first welcome, `closed` when the session is over; `reconnecting` while it has no connection. */
  get state(): "connecting" | "open" | "reconnecting" | "closed" {
    return this.#state;
  }

  /** Changes when a session is lost and another one begins. */
  get sessionId(): string {
    return this.#session.id as string;
  }

  /** What the runtime calls itself in its welcome. */
  get runtime(): { readonly name: string; readonly version: string } {
    return this.#session.runtime as Session["runtime"];
  }

  /** What both sides have agreed on. */
  get features(): ReadonlySet<string> {
    return this.#session.features;
  }

  /** The agents that may be asked, as the welcome names them; `default` is the version that a name alone means. */
  get agents(): readonly {
    readonly name: string;
    readonly versions?: readonly string[];
    readonly default?: string;
  }[] {
    return this.#session.agents;
  }

  /** After how long a silence each side says that it is there (§6.4); undefined where `heartbeat` is not agreed on. */
  get heartbeatIntervalSec(): number | undefined {
    return this.#session.heartbeatIntervalSec;
  }

  /** Settles once, when the session is over; never rejects. `code` is CLOSED after `close()`, else an ErrorCode. */
  get closed(): Promise<{ code: string; reason: string }> {
    return this.#closed.promise;
  }

  /**
   * Asks for a job (ARCP 1.1 §7.1); settles when the runtime has accepted or refused it.
   * Throws ERR_REMOTE (the runtime's no), ERR_PROTOCOL, ERR_TIMEOUT, ERR_ABORTED, ERR_CONFIG, or why the session is over (ERR_SESSION_LOST). */
  async submit(request: JobRequest): Promise<Job> {
    return this.#request<JobHandle, "handleSubmit">("handleSubmit", submission(request), request.signal);
  }

  /** A page of the jobs that one may see (§6.6). Throws as `submit` does; ERR_REMOTE, too, without the feature `list_jobs`. */
  async listJobs(filter: JobFilter = {}): Promise<JobPage> {
    checkKeys(filter, ["status", "agent", "createdAfter", "limit", "cursor", "signal"], "filter");
    this.#needs("list_jobs");
    return jobPage(await this.#request<object, "handleList">("handleList", listing(filter), filter.signal));
  }

  /** Observes a job of another session (§7.6); one of this session is given as it is. Throws as `listJobs` does. */
  async subscribe(jobId: string, options: SubscribeOptions = {}): Promise<Job> {
    checkKeys(options, ["history", "fromEventSeq", "signal"]);
    if (typeof jobId !== "string" || jobId === "") throw configError("jobId", "must be the id of a job");
    this.#needs("subscribe");
    return this.#request<JobHandle, "handleSubscribe">("handleSubscribe", subscription(jobId, options), options.signal);
  }

  /** Ends the session (§6.7). Jobs go on at the runtime; what waits for them here fails with ERR_ABORTED. */
  async close(reason = "closed by the client"): Promise<void> {
    this.#driver.call("handleClose", String(reason));
    await this.#closed.promise;
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }

  async #begin(signal: AbortSignal | undefined): Promise<void> {
    this.#driver.call("handleStart");
    try {
      await orAborted(this.#open.promise, signal);
    } catch (error) {
      this.#driver.call("handleClose", "given up");
      throw error;
    }
    if (signal) {
      const onAbort = () => this.#driver.call("handleClose", "aborted");
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
      this.#closed.promise.then(() => signal.removeEventListener("abort", onAbort));
    }
  }

  #needs(feature: string): void {
    if (this.#state === "closed") throw this.#error;
    if (this.#session.features.has(feature)) return;
    throw new ArcgateError("ERR_REMOTE", `the runtime and this client have not agreed on \`${feature}\``, {
      details: { fault: "peer", code: "INVALID_REQUEST", subject: feature },
    });
  }

  #request<T, Name extends RequestName>(
    name: Name,
    args: InputArguments<Name>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    if (this.#state === "closed") return Promise.reject(this.#error);
    if (signal?.aborted) return Promise.reject(aborted(signal));
    const answer = deferred<T>();
    const number = this.#driver.ask(name, args, (number) => this.#requests.set(number, answer as Deferred<unknown>));
    if (number === undefined) return Promise.reject(this.#error);
    if (!signal) return answer.promise;
    const onAbort = () => {
      if (!this.#requests.delete(number)) return;
      answer.reject(aborted(signal));
      this.#driver.call("handleAbandon", number);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    return answer.promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  #settle(number: number, settle: (answer: Deferred<unknown>) => void): void {
    const answer = this.#requests.get(number);
    this.#requests.delete(number);
    if (answer) settle(answer);
  }

  #perform(action: ClientAction) {
    switch (action.do) {
      case "opened":
        return this.#opened(action);
      case "notify":
        return this.#sessionEvent(action.event);
      case "accepted":
      case "existing":
        return this.#accepted(action);
      case "answer":
        return this.#settle(action.request, ({ resolve }) => resolve(action.payload));
      case "done":
        return this.#settle(action.request, ({ resolve }) => resolve(undefined));
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

  #opened(welcome: Opened) {
    this.#session = sessionOf(welcome);
    this.#state = "open";
    this.#open.resolve();
  }

  #accepted({ request, job: handle, id, payload }: Accepted): void {
    let job = this.#jobs.get(handle);
    if (payload && !job?.id) {
      job ??= this.#newJob(handle);
      const isOver = JobHandle.begin(job, id as string, Object.freeze(payload));
      if (isOver) this.#jobs.delete(handle);
      else this.#jobs.set(handle, job);
    }
    this.#settle(request, ({ resolve, reject }) => {
      if (job?.id) resolve(job);
      else reject(new ArcgateError("ERR_CONFIG", "a subscription to this job is under way already"));
    });
  }

  #ofJob(action: JobAction<CoreError>): void {
    // Some runtimes replay a job's events, and its end, before they say that it is subscribed to.
    const job = this.#jobs.get(action.job) ?? this.#newJob(action.job);
    this.#jobs.set(action.job, job);
    const isEnd = action.do === "result" || action.do === "failed";
    if (isEnd && job.id) this.#jobs.delete(action.job);
    JobHandle.receive(job, action.do === "failed" ? { ...action, error: this.#toError(action.error) } : action);
  }

  #newJob(handle: number): JobHandle {
    return new JobHandle(this.#driver, handle, (...args) => {
      const [number, reason, signal] = args;
      return this.#request("handleCancel", [number, reason], signal);
    });
  }

  #sessionEvent(event: CoreEvent) {
    if (event.type === "error") return this.#emit({ type: event.type, error: this.#toError(event.error) });
    if (event.type === "reconnecting") this.#state = "reconnecting";
    if ("reason" in event) event.reason = this.#driver.clean(event.reason);
    this.#emit(event);
  }

  #over({ code, reason, error }: Closed<ArcgateError>): void {
    this.#state = "closed";
    this.#error = error;
    this.#open.promise.catch(() => {});
    this.#open.reject(error);
    for (const answer of this.#requests.values()) answer.reject(error);
    this.#requests.clear();
    for (const [handle, job] of this.#jobs) JobHandle.receive(job, { do: "failed", job: handle, error });
    this.#jobs.clear();
    this.#emit({ type: "closed", code, reason, error: code === "CLOSED" ? undefined : error });
    this.#closed.resolve({ code, reason });
  }

  #emit(event: Untimed<SessionEvent>): void {
    if (this.#onEvent) notify(this.#onEvent, event);
  }

  #toError(error: CoreError): ArcgateError {
    const { code, message, retryable, details } = this.#driver.clean(error);
    return new ArcgateError(code, message, { retryable, details });
  }
}
