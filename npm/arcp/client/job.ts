// @ts-nocheck
// A job: its events, bounded, and its result.

import { ArcgateError } from "../../errors.js";

// The core's numbers for what is done with the events.
const AWAITS = 1;
const READS = 2;
const LEFT = 3;
// The core learns of what was read in portions.
const PORTION = 16;
// Marks an event of ours among the runtime's.
const DROPPED = Symbol("dropped");

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
      case "missed":
        return this.#missed(action.count);
      case "result":
        return action.isChunked ? this.#assemble() : this.#ended({ value: action.value });
      default:
        // A job's own failure ends its events in good order; what is lost doesn't.
        return this.#ended({ error: action.error, isWhole: action.error.code === "ERR_REMOTE" });
    }
  }

  #arrived({ payload, seq, drop, keep, collect, text }) {
    // A character that was cut between two pieces stands in the second.
    if (text !== undefined) payload.body.data = text;
    if (collect) this.#parts.push([payload.body.encoding, payload.body.data]);
    if (drop > 0) {
      // What was read and not reported yet counts among the oldest.
      const read = Math.min(drop, this.#unreported);
      this.#unreported -= read;
      this.#dropped += drop - read;
      for (let left = drop - read; left > 0 && this.#queue.length > 0; ) {
        const oldest = this.#queue.shift();
        if (oldest[DROPPED]) this.#dropped += oldest.body.count;
        else left -= 1;
      }
    }
    if (!keep || this.#reader === LEFT) return;
    this.#queue.push({ ...payload, seq });
    if (this.#waiting.length > 0) this.#waiting.shift().resolve(this.#take());
  }

  // Events that won't come: whoever reads is told where they would have stood.
  #missed(count) {
    if (this.#reader === LEFT) return;
    const last = this.#queue.at(-1);
    if (last?.[DROPPED]) last.body.count += count;
    else this.#queue.push(dropped(count));
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
      const value = dropped(this.#dropped);
      this.#dropped = 0;
      return { done: false, value };
    }
    const value = this.#queue.shift();
    if (value[DROPPED]) return { done: false, value };
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
      return this.#ended({
        error: new ArcgateError("ERR_PROTOCOL", "a chunk is not base64", { details: { fault: "peer" } }),
      });
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

function dropped(count) {
  const event = { kind: "x-vendor.arcgate.dropped", ts: new Date().toISOString(), body: { count } };
  return Object.defineProperty(event, DROPPED, { value: true });
}

function decode(data) {
  const text = atob(data);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
