// An agent at work: a function or an async generator, seen as a series of events with an output at its end. And its
// values as JSON, before the core looks at them (src/output): it may return anything.

import type { Agent, JobContext } from "../arcp/runtime/types.js";

/** More events than this don't wait to be read: an agent that reports without ever pausing can't be held back. */
const MAX_EVENTS = 1000;

/** The kind of the event that says how many could not be kept. */
const DROPPED = "x-vendor.arcgate.dropped";

/** What an agent says: whatever it likes, which the core looks at. */
export type AgentEvent = { kind?: unknown; body?: unknown };

/** What comes next of an agent. */
export type AgentStep = { event: unknown } | { output: unknown } | { error: unknown } | { aborted: true };

/** What ends a run. Its signal may be one that is made when somebody asks for it, which most agents don't. */
export interface Ending {
  readonly isEnded: boolean;
  readonly signal: AbortSignal;
  /** Calls back when it ends, and at once where it has. */
  onEnd(listener: () => void): unknown;
}

/** What an agent is told of its call, and who takes what it reports. */
interface Call {
  jobId: string;
  name: string;
  traceId: string;
  ending: Ending;
  lease?: object;
  report?: (event: AgentEvent) => void;
}

/** Runs an agent. It is not waited for once its end has come, whatever it does. */
export class AgentRun {
  #start: () => unknown;
  #ending: Ending;
  #iterator: AsyncIterator<unknown, unknown> | undefined;
  #isAdvancing = false;
  #step: AgentStep | undefined;
  #events: AgentEvent[] = [];
  #isWaking = false;
  #waiting: ((step: AgentStep) => void) | undefined;

  /** `report` takes what the agent logs and its progress at once; without it, they wait for `next`. */
  constructor(
    agent: Agent,
    input: unknown,
    { jobId, name, traceId, ending, lease = {}, report = (event) => this.#push(event) }: Call,
  ) {
    const context: JobContext = {
      jobId,
      agent: name,
      traceId,
      get signal() {
        return ending.signal;
      },
      lease: Object.freeze(lease),
      log: (level, message) => report({ kind: "log", body: { level: String(level), message: String(message) } }),
      progress: (current, total, message) => report({ kind: "progress", body: { current, total, message } }),
    };
    this.#start = () => agent(input, context);
    this.#ending = ending;
    ending.onEnd(() => this.#leave());
  }

  // The generator's own clean-up, for which nobody waits: also where nobody asks for the next event any more.
  #leave(): void {
    try {
      Promise.resolve(this.#iterator?.return?.()).catch(() => {});
    } catch {
      // An iterator of its own making.
    }
    this.#wake();
  }

  /** What comes next: `{ event }`, and at the end `{ output }`, `{ error }` or `{ aborted }`. One asks at a time. */
  next(): Promise<AgentStep> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#wake();
      if (this.#waiting !== undefined && !this.#isAdvancing) this.#advance();
    });
  }

  // Gives whoever waits what there is, if there is something.
  #wake(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    let step: AgentStep | undefined;
    if (this.#ending.isEnded) step = { aborted: true };
    // What an agent reported before it returned comes before what it returned.
    else if (this.#events.length > 0) step = { event: this.#events.shift() as AgentEvent };
    else if (this.#step !== undefined) {
      step = this.#step;
      this.#step = undefined;
    }
    if (step === undefined) return;
    this.#waiting = undefined;
    waiting(step);
  }

  // What could not be kept is told by its number, before what comes after it.
  #push(event: AgentEvent): void {
    if (this.#events.length >= MAX_EVENTS) {
      const first = this.#events.shift();
      const count = first?.kind === DROPPED ? (first.body as { count: number }).count + 1 : 2;
      this.#events[0] = { kind: DROPPED, body: { count } };
    }
    this.#events.push(event);
    if (this.#isWaking) return;
    // What it reports without a pause is one heap, of which the first is taken when it pauses.
    this.#isWaking = true;
    queueMicrotask(() => {
      this.#isWaking = false;
      this.#wake();
    });
  }

  #advance(): void {
    this.#isAdvancing = true;
    try {
      if (!this.#iterator) {
        const running = this.#start();
        const { [Symbol.asyncIterator]: iterate } = Object(running) as Partial<AsyncIterable<unknown>>;
        if (typeof iterate !== "function") {
          Promise.resolve(running).then(
            (output) => this.#arrived({ output }),
            (error) => this.#arrived({ error }),
          );
          return;
        }
        this.#iterator = iterate.call(running) as AsyncIterator<unknown, unknown>;
      }
      stepOf(this.#iterator).then((step) => this.#arrived(step));
    } catch (error) {
      this.#arrived({ error });
    }
  }

  #arrived(step: AgentStep): void {
    this.#step = step;
    this.#isAdvancing = false;
    this.#wake();
  }
}

async function stepOf(iterator: AsyncIterator<unknown, unknown>): Promise<AgentStep> {
  try {
    const { done, value } = await iterator.next();
    return done ? { output: value } : { event: value };
  } catch (error) {
    return { error };
  }
}

/** What a signal ends. */
export function endingOf(signal: AbortSignal): Ending {
  return {
    get isEnded() {
      return signal.aborted;
    },
    signal,
    onEnd: (listener) => (signal.aborted ? listener() : signal.addEventListener("abort", listener, { once: true })),
  };
}

/** What became of a value. */
export interface Written {
  text?: string;
  thrown?: string;
  bytes?: number;
}

/**
 * `{ text }`, or why there is none: `{ thrown }` what the writer said, `{ bytes }` how many are too many, or neither where there
 * is nothing to write. `most` bytes are allowed; what is surely more doesn't go into the core's memory.
 */
export function written(value: unknown, most: number): Written {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    return { thrown: textOf(() => (error as Error).message) ?? "" };
  }
  if (text === undefined) return {};
  // A character is a byte at least.
  return text.length > most ? { bytes: utf8Length(text) } : { text };
}

/** The kind that an event names, as far as it can be read. */
export function kindOf(event: unknown): string | undefined {
  return textOf(() => (event as { kind?: unknown } | null | undefined)?.kind);
}

function textOf(read: () => unknown): string | undefined {
  try {
    const text = read();
    return typeof text === "string" ? text : undefined;
  } catch {
    return undefined;
  }
}

/** The bytes of a JSON text. It has no halves of characters: a surrogate is one of two, of four bytes together. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
}
