// The agents at work for a hub.

import type { HubCore } from "../../wasm/gate.js";
import { AgentRun, endingOf, kindOf, written } from "../../worker/agent-run.js";
import { reasonFor } from "../../worker/audit.js";
import { Room } from "../room.js";
import type { StartRun } from "./actions.js";
import type { Haste } from "./gathering.js";
import { failure, Run } from "./run.js";
import type { Agent } from "./types.js";

/** After so many events in a row, others have their turn: an agent that never waits must not starve the sockets. */
const TURN = 64;

/** Something for the core. A number is how many characters it was: given where they may be many. */
export type HubStep = (core: HubCore, now: number) => unknown;

/** Who is told what agents say. */
interface RunsOwner {
  /** Something for the core, and whether what comes of it may wait for what else there is. */
  tell(step: HubStep, haste: Haste): void;
  /** A run is over, and nothing more comes of it. */
  ended(): void;
}

/** The runs of a hub, by their jobs. */
export class Runs {
  #agents: Record<string, Agent>;
  #owner: RunsOwner;
  #room = new Room();
  #byJob = new Map<string, Run>();

  constructor(agents: Record<string, Agent>, owner: RunsOwner) {
    this.#agents = agents;
    this.#owner = owner;
  }

  get size(): number {
    return this.#byJob.size;
  }

  get(job: string): Run | undefined {
    return this.#byJob.get(job);
  }

  /** They are nobody's any more. */
  abandon(): void {
    for (const run of this.#byJob.values()) run.stop("lost");
    this.#byJob.clear();
  }

  /** One agent's run, to its end. It knows neither principal nor token. */
  async start({ job, agent: name, input, lease, traceId }: StartRun): Promise<void> {
    const run = new Run();
    this.#byJob.set(job, run);
    // Whatever is reported of a run that isn't this hub's any more is nobody's.
    const tell = (step: HubStep, haste: Haste) => {
      if (this.#byJob.get(job) === run) this.#owner.tell(step, haste);
    };
    const report = (event: unknown) =>
      tell((core, now) => {
        const { text, thrown, bytes } = written(event, core.payloadBytes());
        if (text === undefined) return core.handleUnwritten(job, false, kindOf(event), thrown, bytes, now);
        const length = this.#room.write(core, text);
        if (length === undefined) core.handleLongEvent(job, text, now);
        else core.handleEvent(job, length, now);
        return text.length;
      }, "soon");
    const end = (output: unknown) =>
      tell((core, now) => {
        const { text, thrown, bytes } = written(output, core.payloadBytes());
        if (text === undefined) core.handleUnwritten(job, true, undefined, thrown, bytes, now);
        else core.handleOutput(job, text, now);
        return text?.length;
      }, "turn");
    const agent = new AgentRun(this.#agents[name] as Agent, input, {
      jobId: job,
      name,
      traceId,
      lease,
      ending: endingOf(run.signal),
      report,
    });
    // After what else the core wants done.
    await undefined;
    for (let steps = 1; ; steps += 1) {
      await run.released();
      if (steps % TURN === 0) await new Promise<void>((resolve) => setTimeout(resolve, 0));
      const step = await agent.next();
      if ("event" in step) {
        report(step.event);
        continue;
      }
      if ("aborted" in step) tell((core, now) => core.handleAbort(job, now), "turn");
      else if ("output" in step) end(step.output ?? null);
      else {
        const { code, message } = failure(step.error);
        run.detail = reasonFor(step.error);
        // At once: what went wrong is asked for while there is a run.
        tell((core, now) => core.handleFailure(job, code, message, now), "now");
      }
      break;
    }
    if (this.#byJob.get(job) !== run) return;
    this.#byJob.delete(job);
    this.#owner.ended();
  }
}
