// The agents that come with the Worker, to try it with.

import type { Agent, JobContext, JobEventBody } from "../arcp/runtime/types.js";
import { ArcgateError } from "../errors.js";

/** Gives its input back. @internal */
export async function echo(input: unknown): Promise<unknown> {
  return input;
}

/** Counts: `{ to, delayMs? }`, as an object or as JSON in a text. A progress event for each step, then the number. @internal */
export async function* count(input: unknown, { signal }: JobContext): AsyncGenerator<JobEventBody, number> {
  const { to, delayMs = 0 } = Object(typeof input === "string" ? JSON.parse(input) : input);
  if (!Number.isInteger(to) || to < 0 || to > 100_000) throw wrong("to", "must be a whole number up to 100000");
  if (!(delayMs >= 0 && delayMs <= 60_000)) throw wrong("delayMs", "must be a number of milliseconds up to 60000");
  for (let current = 1; current <= to; current += 1) {
    await pause(delayMs, signal);
    yield { kind: "progress", body: { current, total: to } };
  }
  return to;
}

/** The agents to try it with: `echo` gives its input back, `count` counts to `{ to, delayMs? }`. */
export const builtinAgents: { readonly echo: Agent; readonly count: Agent } = { echo, count };

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

function wrong(name: string, problem: string): ArcgateError {
  return new ArcgateError("ERR_PROTOCOL", `count: \`${name}\` ${problem}`, {
    details: { fault: "caller", subject: name },
  });
}
