// @ts-nocheck
// An agent at work: a function or an async generator, seen as a series of events with an output at its end.

/** More events than this don't wait to be read: an agent that reports without ever pausing can't be held back. */
const MAX_EVENTS = 1000;

/** The kind of the event that says how many could not be kept. */
const DROPPED = "x-vendor.arcgate.dropped";

/** Runs an agent. It is not waited for once `signal` is aborted, whatever it does. */
export class AgentRun {
  #start;
  #signal;
  #iterator;
  #isAdvancing = false;
  #step;
  #events = [];
  #wake = () => {};

  /** `report` takes what the agent logs and its progress at once; without it, they wait for `next`. */
  constructor(agent, input, { jobId, name, traceId, signal, lease = {}, report = (event) => this.#push(event) }) {
    const context = {
      jobId,
      agent: name,
      traceId,
      signal,
      lease: Object.freeze(lease),
      log: (level, message) => report({ kind: "log", body: { level: String(level), message: String(message) } }),
      progress: (current, total, message) => report({ kind: "progress", body: { current, total, message } }),
    };
    this.#start = () => agent(input, context);
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#leave(), { once: true });
  }

  // The generator's own clean-up, for which nobody waits: also where nobody asks for the next event any more.
  #leave() {
    try {
      Promise.resolve(this.#iterator?.return?.()).catch(() => {});
    } catch {
      // An iterator of its own making.
    }
    this.#wake();
  }

  /** What comes next: `{ event }`, and at the end `{ output }`, `{ error }` or `{ aborted }`. */
  async next() {
    for (;;) {
      if (this.#signal.aborted) return { aborted: true };
      // What an agent reported before it returned comes before what it returned.
      if (this.#events.length > 0) return { event: this.#events.shift() };
      if (this.#step) {
        const step = this.#step;
        this.#step = undefined;
        return step;
      }
      const woken = new Promise((resolve) => {
        this.#wake = resolve;
      });
      if (!this.#isAdvancing) this.#advance();
      await woken;
    }
  }

  // What could not be kept is told by its number, before what comes after it.
  #push(event) {
    if (this.#events.length >= MAX_EVENTS) {
      const first = this.#events.shift();
      if (first.kind === DROPPED) this.#events[0] = { kind: DROPPED, body: { count: first.body.count + 1 } };
      else this.#events[0] = { kind: DROPPED, body: { count: 2 } };
    }
    this.#events.push(event);
    this.#wake();
  }

  async #advance() {
    this.#isAdvancing = true;
    this.#step = await this.#nextStep();
    this.#isAdvancing = false;
    this.#wake();
  }

  async #nextStep() {
    try {
      if (!this.#iterator) {
        const running = this.#start();
        if (typeof running?.[Symbol.asyncIterator] !== "function") return { output: await running };
        this.#iterator = running[Symbol.asyncIterator]();
      }
      const { done, value } = await this.#iterator.next();
      return done ? { output: value } : { event: value };
    } catch (error) {
      return { error };
    }
  }
}
