// A job: its events, bounded, and its result.

import { ArcgateError } from "../../errors.js";
import { type Deferred, deferred } from "../../platform/deferred.js";
import type { Arrived, JobAction } from "./actions.js";
import { assembled, type Chunk, chunkOf } from "./chunks.js";
import type { Driver } from "./driver.js";
import { AWAITS_RESULT, READ_PORTION, READS_EVENTS, READS_NO_MORE } from "./numbers.js";
import type { JobEvent, Job as PublicJob } from "./types.js";

// Marks an event of ours among the runtime's.
const DROPPED = Symbol("dropped");

type QueuedEvent = JobEvent & { [DROPPED]?: { count: number } };
type Next = IteratorResult<JobEvent, undefined>;

/** How a job has ended. */
interface End {
  value?: unknown;
  error?: ArcgateError;
  /** Whether its events came to their end. */
  isWhole?: boolean;
}

/** Asks for a job's end. */
export type Cancel = (handle: number, reason: string, signal: AbortSignal | undefined) => Promise<unknown>;

/** A job of this session, or one that it is subscribed to. */
export class Job implements PublicJob {
  #driver: Driver;
  #handle: number;
  #cancel: Cancel;
  #unsubscribed = false;
  #queue: QueuedEvent[] = [];
  #unreported = 0;
  #dropped = 0;
  #waiting: Deferred<Next>[] = [];
  #chunks: Chunk[] = [];
  #end: End | undefined;
  #reader = 0;
  #result = deferred<unknown>();
  #id = "";
  #details: Readonly<Record<string, unknown>> = {};

  constructor(driver: Driver, handle: number, cancel: Cancel) {
    this.#driver = driver;
    this.#handle = handle;
    this.#cancel = cancel;
    // Nobody may wait for it.
    this.#result.promise.catch(() => {});
  }

  get id(): string {
    return this.#id;
  }

  /** The agent that runs it, with its version where the runtime says. */
  get agent(): string {
    return this.#details.agent as string;
  }

  get traceId(): string | undefined {
    return this.#details.trace_id as string | undefined;
  }

  /** What the runtime said when it accepted the job, or the subscription to it. */
  get details(): Readonly<Record<string, unknown>> {
    return this.#details;
  }

  get result(): Promise<unknown> {
    this.#becomes(AWAITS_RESULT);
    return this.#result.promise;
  }

  /** Asks the runtime to end it. Settles when the runtime agrees, or the job has ended. */
  async cancel(reason = "cancelled by the client", { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (!this.#end) await this.#cancel(this.#handle, String(reason), signal);
  }

  /** Gives the events up. A job of this session goes on, and its result comes. */
  async unsubscribe(): Promise<void> {
    this.#leave();
    if (!this.#end && !this.#unsubscribed) {
      this.#unsubscribed = true;
      this.#driver.call("handleUnsubscribe", this.#handle);
    }
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<JobEvent, undefined> {
    this.#becomes(READS_EVENTS);
    return {
      next: () => this.#next(),
      return: async (value) => {
        this.#leave();
        return { done: true, value: value as undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  // ---- what the client does with it

  /** The runtime's answer is there. Whether the job is over already. */
  static begin(job: Job, id: string, details: Readonly<Record<string, unknown>>): boolean {
    job.#id = id;
    job.#details = details;
    return job.#end !== undefined;
  }

  /** What becomes of it. */
  static receive(job: Job, action: JobAction<ArcgateError>): void {
    job.#receive(action);
  }

  #receive(action: JobAction<ArcgateError>) {
    switch (action.do) {
      case "event":
        return this.#arrived(action);
      case "missed":
        return this.#missed(action.count);
      case "result":
        return action.isChunked ? this.#assemble() : this.#ended({ value: action.value });
      default:
        // A job's own failure ends its events in good order; what is lost doesn't.
        return this.#ended({ error: action.error, isWhole: action.error.code === "ERR_REMOTE" });
    }
  }

  #arrived({ payload, seq, drop, keep, collect, text }: Arrived): void {
    // A character that was cut between two pieces stands in the second.
    if (text !== undefined) payload.body.data = text;
    if (collect) this.#chunks.push(chunkOf(payload.body));
    if (drop > 0) {
      // What was read and not reported yet counts among the oldest.
      const read = Math.min(drop, this.#unreported);
      this.#unreported -= read;
      this.#dropped += drop - read;
      for (let left = drop - read; left > 0 && this.#queue.length > 0; ) {
        const marked = this.#queue.shift()?.[DROPPED];
        if (marked) this.#dropped += marked.count;
        else left -= 1;
      }
    }
    if (!keep || this.#reader === READS_NO_MORE) return;
    this.#queue.push({ ...payload, seq });
    this.#handOn();
  }

  // Whoever waits gets the oldest.
  #handOn(): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve(this.#take());
  }

  // Events that won't come: whoever reads is told where they would have stood.
  #missed(count: number): void {
    if (this.#reader === READS_NO_MORE) return;
    const last = this.#queue.at(-1)?.[DROPPED];
    if (last) last.count += count;
    else this.#queue.push(dropped(count));
    this.#handOn();
  }

  async #next(): Promise<Next> {
    if (this.#queue.length > 0 || this.#dropped > 0) return this.#take();
    if (this.#reader === READS_NO_MORE) return { done: true, value: undefined };
    if (this.#end) return after(this.#end);
    const waiting = deferred<Next>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  #take(): Next {
    if (this.#dropped > 0) {
      const value = dropped(this.#dropped);
      this.#dropped = 0;
      return { done: false, value };
    }
    const value = this.#queue.shift() as QueuedEvent;
    if (value[DROPPED]) return { done: false, value };
    this.#unreported += 1;
    if (this.#unreported >= READ_PORTION || this.#queue.length === 0) this.#report();
    return { done: false, value };
  }

  #report(): void {
    const count = this.#unreported;
    this.#unreported = 0;
    if (!this.#end) this.#driver.call("handleRead", this.#handle, count);
  }

  #ended(end: End): void {
    if (this.#end) return;
    this.#end = end;
    this.#chunks = [];
    if (end.error) this.#result.reject(end.error);
    else this.#result.resolve(end.value);
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (end.error && !end.isWhole) reject(end.error);
      else resolve({ done: true, value: undefined });
    }
  }

  // The core has checked order, form and size.
  #assemble(): void {
    try {
      this.#ended({ value: assembled(this.#chunks) });
    } catch {
      this.#ended({
        error: new ArcgateError("ERR_PROTOCOL", "a chunk is not base64", { details: { fault: "peer" } }),
      });
    }
  }

  #becomes(reader: number): void {
    if (this.#end || reader <= this.#reader) return;
    this.#reader = reader;
    this.#driver.call("handleReader", this.#handle, reader);
  }

  #leave(): void {
    this.#becomes(READS_NO_MORE);
    this.#reader = READS_NO_MORE;
    this.#queue = [];
    this.#dropped = 0;
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}

function after({ error, isWhole }: End): Next {
  if (error && !isWhole) throw error;
  return { done: true, value: undefined };
}

function dropped(count: number): QueuedEvent {
  const body = { count };
  const event = { kind: "x-vendor.arcgate.dropped" as const, ts: new Date().toISOString(), body };
  return Object.defineProperty(event, DROPPED, { value: body });
}
