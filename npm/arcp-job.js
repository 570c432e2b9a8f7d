// A job: its events, bounded, and its result.

import { ArcgateError } from "./errors.js";

// The core's numbers for what is done with the events.
const AWAITS = 1;
const READS = 2;
const LEFT = 3;
// The core learns of what was read in portions.
const PORTION = 16;

/** A job of this session, or one that it is subscribed to. */
export class Job {
  #link;
  #handle;
  #unsubscribed = false;
  #queue = [];
  #unreported = 0;
  #dropped = 0;
  #waiting = [];
  #parts = [];
  #end;
  #reader = 0;
  #result;
  #settle;
  #id;
  #details;

  constructor(link, handle) {
    this.#link = link;
    this.#handle = handle;
    this.#result = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Nobody may wait for it.
    this.#result.catch(() => {});
  }

  get id() {
    return this.#id;
  }

  /** The agent that runs it, with its version where the runtime says. */
  get agent() {
    return this.#details.agent;
  }

  get traceId() {
    return this.#details.trace_id;
  }

  /** What the runtime said when it accepted the job, or the subscription to it. */
  get details() {
    return this.#details;
  }

  get result() {
    this.#becomes(AWAITS);
    return this.#result;
  }

  /** Asks the runtime to end it. Settles when the runtime agrees, or the job has ended. */
  async cancel(reason = "cancelled by the client", { signal } = {}) {
    if (!this.#end) await this.#link.request("cancel", [this.#handle, String(reason)], signal);
  }

  /** Gives the events up. A job of this session goes on, and its result comes. */
  async unsubscribe() {
    this.#leave();
    if (!this.#end && !this.#unsubscribed) {
      this.#unsubscribed = true;
      this.#link.call("unsubscribe", this.#handle);
    }
  }

  [Symbol.asyncIterator]() {
    this.#becomes(READS);
    return {
      next: () => this.#next(),
      return: async (value) => {
        this.#leave();
        return { done: true, value };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  // ---- what the client does with it

  /** The runtime's answer is there. Whether the job is over already. @internal */
  static begin(job, id, details) {
    job.#id = id;
    job.#details = details;
    return job.#end !== undefined;
  }

  /** @internal */
  static receive(job, action) {
    job.#receive(action);
  }

  #receive(action) {
    switch (action.do) {
      case "event":
        return this.#arrived(action);
      case "result":
        return action.isChunked ? this.#assemble() : this.#ended({ value: action.value });
      default:
        // A job's own failure ends its events in good order; what is lost doesn't.
        return this.#ended({ error: action.error, isWhole: action.error.code === "ERR_REMOTE" });
    }
  }

  #arrived({ payload, seq, drop, keep, collect }) {
    if (collect) this.#parts.push([payload.body.encoding, payload.body.data]);
    if (drop > 0) {
      // What was read and not reported yet counts among the oldest.
      const read = Math.min(drop, this.#unreported);
      this.#unreported -= read;
      this.#queue.splice(0, drop - read);
      this.#dropped += drop - read;
    }
    if (!keep || this.#reader === LEFT) return;
    this.#queue.push({ ...payload, seq });
    if (this.#waiting.length > 0) this.#waiting.shift().resolve(this.#take());
  }

  async #next() {
    if (this.#queue.length > 0 || this.#dropped > 0) return this.#take();
    if (this.#reader === LEFT) return { done: true, value: undefined };
    if (this.#end) return this.#after();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #take() {
    if (this.#dropped > 0) {
      const body = { count: this.#dropped };
      this.#dropped = 0;
      return { done: false, value: { kind: "x-vendor.arcgate.dropped", ts: new Date().toISOString(), body } };
    }
    const value = this.#queue.shift();
    this.#unreported += 1;
    if (this.#unreported >= PORTION || this.#queue.length === 0) this.#report();
    return { done: false, value };
  }

  #report() {
    const count = this.#unreported;
    this.#unreported = 0;
    if (!this.#end) this.#link.call("read", this.#handle, count);
  }

  #after() {
    const { error, isWhole } = this.#end;
    if (error && !isWhole) throw error;
    return { done: true, value: undefined };
  }

  #ended(end) {
    if (this.#end) return;
    this.#end = end;
    this.#parts = [];
    if (end.error) this.#settle.reject(end.error);
    else this.#settle.resolve(end.value);
    for (const { resolve, reject } of this.#waiting.splice(0)) {
      if (end.error && !end.isWhole) reject(end.error);
      else resolve({ done: true, value: undefined });
    }
  }

  // The core has checked order, form and size.
  #assemble() {
    const parts = this.#parts;
    if (parts.every(([encoding]) => encoding === "utf8")) {
      return this.#ended({ value: parts.map(([, data]) => data).join("") });
    }
    try {
      const bytes = parts.map(([encoding, data]) =>
        encoding === "utf8" ? new TextEncoder().encode(data) : decode(data),
      );
      const whole = new Uint8Array(bytes.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const piece of bytes) {
        whole.set(piece, at);
        at += piece.length;
      }
      return this.#ended({ value: whole });
    } catch {
      return this.#ended({ error: new ArcgateError("ERR_PROTOCOL", "a chunk is not base64") });
    }
  }

  #becomes(reader) {
    if (this.#end || reader <= this.#reader) return;
    this.#reader = reader;
    this.#link.call("setReader", this.#handle, reader);
  }

  #leave() {
    this.#becomes(LEFT);
    this.#reader = LEFT;
    this.#queue = [];
    this.#dropped = 0;
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}

function decode(data) {
  const text = atob(data);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
