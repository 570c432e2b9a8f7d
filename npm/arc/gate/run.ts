// @ts-nocheck
// An agent of this Worker's, from its start to the answer: the whole of it, or a stream of events.

import { call, callJson } from "../../platform/call.js";
import { AgentRun } from "../../worker/agent-run.js";
import { reasonFor } from "../../worker/audit.js";
import { AgentOutput } from "./agent-output.js";
import { eventStream } from "./event-stream.js";

const encoder = new TextEncoder();

/** So many events of an agent's are taken in one turn. */
const TURN = 256;

/** Runs the agent of a decision of the core's. `seen` is told why it failed. */
export class ArcRun {
  #run;
  #ticket;
  #watch;
  #seen;
  #output;

  constructor(agent, { agent: name, input, ticket }, { watch, seen, maxBytes }) {
    const { id, chatId, traceId } = JSON.parse(ticket);
    const jobId = chatId ?? `task-${id}`;
    this.#run = new AgentRun(agent, input, { jobId, name, traceId: traceId ?? id, signal: watch.signal });
    this.#ticket = ticket;
    this.#watch = watch;
    this.#seen = seen;
    this.#output = new AgentOutput(maxBytes);
  }

  /** The answer once it has ended: `{ reply, outcome }`. Whatever it still does then is told to stop. */
  async answer() {
    for (let steps = 1; ; steps += 1) {
      // An agent that never waits must not keep everybody else waiting.
      if (steps % TURN === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      const step = await this.#run.next();
      if ("event" in step) {
        const { flaw, part, isPiece } = this.#output.event(step.event);
        if (!flaw) {
          if (isPiece) this.#output.keep(part);
          continue;
        }
        this.#watch.end("failed");
        return this.#reply(...this.#flawed(flaw));
      }
      return this.#reply(...this.#ended(step));
    }
  }

  /** Its events as they come. `ended(outcome)` is told once. */
  stream(ended) {
    const bytes = (text) => encoder.encode(text);
    const event = (part) => call("arcEvent", this.#ticket, part);
    const last = ([outcome, text]) => call("arcLastEvents", this.#ticket, outcome, text);
    const next = async () => {
      for (;;) {
        const step = await this.#run.next();
        if (!("event" in step)) {
          const end = this.#ended(step);
          // What the pieces of a result still lack stands before its end.
          return {
            outcome: outcomeOf(end[0]),
            bytes: bytes((end[0] === "pieces" ? event(end[1]) : "") + last(end)),
          };
        }
        const { flaw, part } = this.#output.event(step.event);
        if (flaw) return { outcome: "failed", bytes: bytes(last(this.#flawed(flaw))) };
        if (part !== "") return { bytes: bytes(event(part)) };
      }
    };
    const cut = (outcome) => (outcome === "gone" ? undefined : bytes(last([outcome, ""])));
    return eventStream(this.#watch, { next, last: cut, ended });
  }

  #reply(outcome, text) {
    const reply = callJson("arcReply", this.#ticket, outcome, text, new Date().toISOString());
    return { reply, outcome: outcomeOf(outcome) };
  }

  // How it ended, as the core takes it.
  #ended(step) {
    if (step.aborted) return [this.#watch.outcome, ""];
    if ("output" in step) {
      const [outcome, text, flaw] = this.#output.result(step.output);
      return flaw ? this.#flawed(flaw) : [outcome, text];
    }
    this.#seen.detail = reasonFor(step.error);
    return ["failed", ""];
  }

  #flawed(flaw) {
    this.#seen.detail = flaw.problem;
    console.error(`arcgate: ${this.#seen.targetAgent}: ${flaw.problem}`);
    return ["flawed", JSON.stringify(flaw)];
  }
}

// As the log names it.
function outcomeOf(outcome) {
  if (outcome === "pieces") return "output";
  return outcome === "flawed" ? "failed" : outcome;
}
