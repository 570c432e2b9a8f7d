// An agent of this Worker's, from its start to the answer: the whole of it, or a stream of events.

import type { Agent } from "../../arcp/runtime/types.js";
import { call } from "../../platform/modules/gate.js";
import { AgentRun, type AgentStep } from "../../worker/agent-run.js";
import { reasonFor, type Told } from "../../worker/audit.js";
import type { Deadline } from "../../worker/deadline.js";
import { AgentOutput, type Flaw } from "./agent-output.js";
import { eventStream, type StreamStep } from "./event-stream.js";
import { type Reply, replyOf } from "./reply.js";

const encoder = new TextEncoder();

/** So many events of an agent's are taken in one turn. */
const TURN = 256;

/** What the core decided: which agent, with what, and the ticket by which it knows the run again. */
export interface RunDecision {
  name: string;
  input: unknown;
  ticket: string;
  jobId: string;
  traceId: string;
}

// An outcome as the core takes it, and the text that goes with it.
type End = readonly [outcome: string, text: string];

/** Runs the agent of a decision of the core's. `seen` is told why it failed. */
export class ArcRun {
  #run: AgentRun;
  #ticket: string;
  #watch: Deadline;
  #seen: Told;
  #output: AgentOutput;
  #maxBytes: number;

  constructor(
    agent: Agent,
    { name, input, ticket, jobId, traceId }: RunDecision,
    { watch, seen, maxBytes }: { watch: Deadline; seen: Told; maxBytes: number },
  ) {
    this.#run = new AgentRun(agent, input, { jobId, name, traceId, ending: watch });
    this.#ticket = ticket;
    this.#watch = watch;
    this.#seen = seen;
    this.#output = new AgentOutput(maxBytes);
    this.#maxBytes = maxBytes;
  }

  /** The answer once it has ended: `{ reply, outcome }`. Whatever it still does then is told to stop. */
  async answer(): Promise<{ reply: Reply; outcome: string }> {
    for (let steps = 1; ; steps += 1) {
      // An agent that never waits must not keep everybody else waiting.
      if (steps % TURN === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      const step = await this.#run.next();
      if ("event" in step) {
        const said = this.#output.event(step.event);
        if (said.flaw === undefined) {
          if (said.isPiece) this.#output.keep(said.part);
          continue;
        }
        this.#watch.end("failed");
        return this.#reply(...this.#flawed(said.flaw));
      }
      return this.#plain(step) ?? this.#reply(...this.#ended(step));
    }
  }

  /** Its events as they come. `ended(outcome)` is told once. */
  stream(ended: (outcome: string) => void): ReadableStream<Uint8Array> {
    const bytes = (text: string) => encoder.encode(text);
    const event = (part: string) => call("arcEvent", this.#ticket, part);
    const last = ([outcome, text]: End) => call("arcLastEvents", this.#ticket, outcome, text);
    const next = async (): Promise<StreamStep> => {
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
        const said = this.#output.event(step.event);
        if (said.flaw !== undefined) return { outcome: "failed", bytes: bytes(last(this.#flawed(said.flaw))) };
        if (said.part !== "") return { bytes: bytes(event(said.part)) };
      }
    };
    const cut = (outcome: string) => (outcome === "gone" ? undefined : bytes(last([outcome, ""])));
    return eventStream(this.#watch, { next, last: cut, ended });
  }

  // What most agents end with: one value that can be passed on as it is.
  #plain(step: AgentStep): { reply: Reply; outcome: string } | undefined {
    const text = "output" in step ? this.#output.plain(step.output) : undefined;
    if (text === undefined) return undefined;
    const reply = call("arcOutput", this.#ticket, text, this.#maxBytes, new Date().toISOString());
    return reply === undefined ? undefined : { reply: replyOf(reply), outcome: "output" };
  }

  #reply(outcome: string, text: string): { reply: Reply; outcome: string } {
    const reply = replyOf(call("arcReply", this.#ticket, outcome, text, new Date().toISOString()));
    return { reply, outcome: outcomeOf(outcome) };
  }

  // How it ended, as the core takes it.
  #ended(step: Exclude<AgentStep, { event: unknown }>): End {
    if ("aborted" in step) return [this.#watch.outcome, ""];
    if ("output" in step) {
      const [outcome, text, flaw] = this.#output.result(step.output);
      return flaw ? this.#flawed(flaw) : [outcome, text];
    }
    this.#seen.detail = reasonFor(step.error);
    return ["failed", ""];
  }

  #flawed(flaw: Flaw): End {
    this.#seen.detail = flaw.problem;
    console.error(`arcgate: ${this.#seen.targetAgent}: ${flaw.problem}`);
    return ["flawed", JSON.stringify(flaw)];
  }
}

// As the log names it.
function outcomeOf(outcome: string): string {
  if (outcome === "pieces") return "output";
  return outcome === "flawed" ? "failed" : outcome;
}
