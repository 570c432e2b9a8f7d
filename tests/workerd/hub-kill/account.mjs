// What must have come of a job, for whoever follows it: the events that its agent makes, in their order, and one end.

import { isDeepStrictEqual } from "node:util";

// For each agent: its nth event, and what it returns.
const agents = {
  echo: { event: () => undefined, output: (input) => input },
  count: {
    event: ({ to }, n) => n <= to && { kind: "progress", body: { current: n, total: to } },
    output: ({ to }) => to,
  },
  bursts: {
    event: ({ to }, n) => n <= to && { kind: "log", body: { level: "info", message: `line ${n}` } },
    output: ({ to }) => ({ lines: to }),
  },
  endless: { event: (_input, n) => ({ kind: "metric", body: { name: "turns", value: n, unit: "1" } }) },
};

/**
 * What is wrong with what came of a job, in words. `mayBeLost`: its run may have ended with a process; `mayBeCancelled`: it was
 * asked to end.
 */
export function faultsOf({ agent, input, isCancelAsked }, view, { mayBeLost }) {
  const faults = [];
  const end = view.at(-1);
  const events = view.slice(0, -1);
  if (end === undefined) return ["nothing came"];
  const strays = events.filter(({ type }) => type !== "job.event").length;
  if (strays > 0 || end.type === "job.event") return [`${strays + (end.type === "job.event" ? 0 : 1)} ends`];
  const isWhole = agent === "chunks" ? chunksOf(input, events, faults) : eventsOf(agents[agent], input, events, faults);
  const { final_status: status, code, retryable, result } = end.payload;
  if (status === "success") {
    if (!isWhole) faults.push(`success after ${events.length} events`);
    if (agent === "chunks") chunkedResult(end.payload, events, faults);
    else if (!isDeepStrictEqual(result, agents[agent].output(input))) faults.push(`result ${JSON.stringify(result)}`);
  } else if (status === "cancelled") {
    if (!isCancelAsked || code !== "CANCELLED") faults.push(`${code}, and nobody asked for it`);
  } else if (code !== "INTERNAL_ERROR" || retryable !== true || !mayBeLost) {
    faults.push(`${status} ${code}, retryable ${retryable}, ${mayBeLost ? "" : "and its run was never lost"}`);
  }
  return faults;
}

function eventsOf({ event }, input, events, faults) {
  for (const [index, { payload }] of events.entries()) {
    const { kind, body } = payload;
    if (!isDeepStrictEqual({ kind, body }, event(input, index + 1))) {
      faults.push(`event ${index + 1} is ${JSON.stringify({ kind, body })}`);
      return false;
    }
  }
  return !event(input, events.length + 1);
}

// Pieces may be cut anywhere: the text counts.
function chunksOf({ to }, events, faults) {
  const whole = Array.from({ length: to }, (_, index) => `piece ${index + 1}; `).join("");
  let text = "";
  for (const [index, { payload }] of events.entries()) {
    const { chunk_seq: seq, data } = payload.body;
    if (payload.kind !== "result_chunk" || seq !== index) faults.push(`${payload.kind} ${seq} is event ${index + 1}`);
    text += data;
  }
  if (!whole.startsWith(text)) faults.push(`the text is ${text}`);
  return text === whole;
}

function chunkedResult({ result, result_id, result_size }, events, faults) {
  const bodies = events.map(({ payload }) => payload.body);
  const ids = new Set([result_id, ...bodies.map((body) => body.result_id)]);
  const more = bodies.map((body) => body.more);
  const size = bodies.reduce((sum, { data }) => sum + Buffer.byteLength(data), 0);
  if (result !== undefined || ids.size !== 1 || result_size !== size) faults.push(`${result_size} of ${size} bytes`);
  if (more.slice(0, -1).includes(false) || more.at(-1) !== false) faults.push(`more is ${more}`);
}
