// Agents whose words are known beforehand, so that a test can tell what is missing.

import { builtinAgents } from "../../../pkg/worker.workerd.js";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const agents = {
  ...builtinAgents,
  // A text in pieces, each of which says which it is.
  async *chunks({ to, delayMs }) {
    for (let current = 1; current <= to; current += 1) {
      await pause(delayMs);
      yield { kind: "result_chunk", body: { data: `piece ${current}; ` } };
    }
  },
  // Some events in one turn, then a rest.
  async *bursts({ to, delayMs }) {
    for (let current = 1; current <= to; current += 1) {
      if (current % 5 === 1) await pause(delayMs);
      yield { kind: "log", body: { level: "info", message: `line ${current}` } };
    }
    return { lines: to };
  },
  // Goes on until it is cancelled.
  async *endless({ delayMs }, { signal }) {
    for (let current = 1; !signal.aborted; current += 1) {
      await pause(delayMs);
      yield { kind: "metric", body: { name: "turns", value: current, unit: "1" } };
    }
  },
};
