// The embedded runtime: one Durable Object holds the sessions and jobs of a hub, in memory. The core decides; here is what it
// decides about: sockets, agents, one timer, the policy.

import type { Timer } from "../../platform/cancellation.js";
import { MachineDriver } from "../../platform/machine-driver.js";
import { gate, ready, recoverFrom } from "../../platform/modules/gate.js";
import type { PlatformRequest } from "../../platform/types.js";
import type { HubCore } from "../../wasm/gate.js";
import { AgentRun, endingOf, kindOf, written } from "../../worker/agent-run.js";
import { type Auditor, auditor, reasonFor, type Told } from "../../worker/audit.js";
import type { RuntimeHubClass } from "../../worker/types.js";
import { HELLO_TIMEOUT, NORMAL, RESTART } from "../close-codes.js";
import type { ServerSocket } from "../gate/settings.js";
import { creditIn, pipeOf } from "../hub-protocol.js";
import { Room } from "../room.js";
import type { AskPolicy, HubAction, StartRun } from "./actions.js";
import { HELLO_MS } from "./numbers.js";
import type { HubOptions } from "./options.js";
import { failure, Run } from "./run.js";
import type { Agent, JobPolicy } from "./types.js";

/** After so many events in a row, others have their turn: an agent that never waits must not starve the sockets. */
const TURN = 64;

/** Workers' pair of sockets. */
declare const WebSocketPair: new () => { 0: WebSocket; 1: ServerSocket };

/** The class of a deployment's hubs. */
export function runtimeHub(options: HubOptions): RuntimeHubClass {
  return class RuntimeHub {
    #hub = new Hub(options);

    /** Takes the gate's upgrade requests. Only a binding reaches this, so what they say of a user is believed. */
    async fetch(request: PlatformRequest): Promise<Response> {
      const pipe = pipeOf(request.headers);
      if (pipe === undefined) {
        return new Response("another version", { status: 426, headers: { Upgrade: "websocket" } });
      }
      try {
        await ready();
        this.#hub.check();
      } catch (error) {
        const { code, message } = Object(error);
        console.error(`arcgate: ${code}: ${message}`);
        return new Response("misconfigured", { status: 500 });
      }
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept({ allowHalfOpen: true });
      this.#hub.connected(server, pipe.isPaced);
      return new Response(null, { status: 101, webSocket: client } as ResponseInit);
    }
  };
}

/** A gate's socket. */
interface Pipe {
  conn: number;
  socket: ServerSocket;
  /** Its gate says what has left for the client. */
  isPaced: boolean;
  /** Until its hello has come: when it is late. */
  lateAt: number | undefined;
}

/** Sessions and jobs, and what carries them. */
class Hub {
  #agents: Record<string, Agent>;
  #policy: JobPolicy | undefined;
  #audit: Auditor;
  #driver: MachineDriver<HubCore>;
  #room = new Room();
  #pipes = new Map<number, Pipe>();
  #late: Timer | undefined;
  #isActing = false;
  #lastConn = 0;
  #runs = new Map<string, Run>();

  constructor({ agents, policy, limits, audit }: HubOptions) {
    this.#agents = agents;
    this.#policy = policy;
    this.#audit = auditor(audit);
    const config = JSON.stringify({ ...limits, agents: Object.keys(agents), policy: policy !== undefined });
    this.#driver = new MachineDriver(gate, {
      make: () => new gate.bindings.HubCore(config, crypto.getRandomValues(new Uint8Array(8))),
      onTimeout: () => this.#do((core, now) => core.handleTimeout(now)),
      isPatient: true,
    });
  }

  /** Makes the core if there is none; throws what is wrong with the configuration. */
  check(): void {
    if (!this.#driver.isAlive) this.#lost();
    void this.#driver.machine;
  }

  /** A gate's socket, accepted. Its first frame is the hello. */
  connected(socket: ServerSocket, isPaced: boolean): void {
    this.#lastConn += 1;
    const pipe: Pipe = { conn: this.#lastConn, socket, isPaced, lateAt: Date.now() + HELLO_MS };
    this.#pipes.set(pipe.conn, pipe);
    this.#late ??= setTimeout(() => this.#endLate(), HELLO_MS);
    const closed = () => {
      if (!this.#pipes.has(pipe.conn)) return;
      this.#close(pipe.conn, NORMAL);
      this.#do((core, now) => core.handleClosed(pipe.conn, now));
    };
    socket.addEventListener("message", ({ data }) => {
      // What is no text is no frame.
      if (this.#pipes.has(pipe.conn)) this.#received(pipe, typeof data === "string" ? data : "");
    });
    socket.addEventListener("close", closed);
    socket.addEventListener("error", closed);
  }

  #received(pipe: Pipe, text: string): void {
    const { conn, isPaced } = pipe;
    const isHello = pipe.lateAt !== undefined;
    const credit = creditIn(text);
    if (credit !== undefined) {
      if (!isHello) this.#do((core, now) => core.handleCredit(conn, credit, now));
      return;
    }
    pipe.lateAt = undefined;
    this.#do((core, now) => {
      if (isHello) return core.handleHello(conn, text, crypto.getRandomValues(new Uint8Array(32)), isPaced, now);
      const length = this.#room.write(core, text);
      if (length === undefined) core.handleLongFrame(conn, text, now);
      else core.handleFrame(conn, length, now);
    });
  }

  // One timer for all who have not said hello: it is set for the first of them.
  #endLate(): void {
    const now = Date.now();
    let next = Infinity;
    for (const { conn, lateAt } of this.#pipes.values()) {
      if (lateAt === undefined) continue;
      if (lateAt <= now) this.#close(conn, HELLO_TIMEOUT);
      else next = Math.min(next, lateAt);
    }
    this.#late = next === Infinity ? undefined : setTimeout(() => this.#endLate(), next - now);
  }

  // Tells the core something, does what it wants done, and sets the timer.
  #do(step: (core: HubCore, now: number) => void) {
    if (!this.#driver.isAlive) return this.#lost();
    try {
      const core = this.#driver.survivor();
      step(core, Date.now());
      this.#drain(core);
      this.#driver.arm(core, Date.now());
    } catch (thrown) {
      recoverFrom(thrown);
      console.error(`arcgate: ${Object(thrown).name ?? "error"}: ${reasonFor(thrown)}`);
      this.#lost();
    }
  }

  // Frames go as they are. What acting brings about is done by the loop under way.
  #drain(core: HubCore): void {
    if (this.#isActing) return;
    this.#isActing = true;
    try {
      for (;;) {
        const conn = core.pollSend();
        if (conn !== 0) {
          this.#send(conn, core.sentText());
          continue;
        }
        const action = core.pollAction();
        if (action === undefined) return;
        this.#act(JSON.parse(action) as HubAction);
      }
    } finally {
      this.#isActing = false;
    }
  }

  #act(action: HubAction) {
    switch (action.do) {
      case "close":
        return this.#close(action.conn, action);
      case "run":
        return void this.#run(action);
      case "abort":
        return this.#runs.get(action.job)?.stop(action.reason);
      case "pause":
        return this.#runs.get(action.job)?.pause();
      case "resume":
        return this.#runs.get(action.job)?.resume();
      case "askPolicy":
        return this.#answer(action);
      case "audit":
        return this.#tell(action.event);
    }
  }

  #send(conn: number, text: string): void {
    try {
      this.#pipes.get(conn)?.socket.send(text);
    } catch {
      // It is closing; its close comes as an event.
    }
  }

  #close(conn: number, { code, reason }: { code: number; reason: string }): void {
    const pipe = this.#pipes.get(conn);
    this.#pipes.delete(conn);
    try {
      pipe?.socket.close(code, reason);
    } catch {
      // It is closed.
    }
  }

  // The failure's reason is for the log alone.
  #tell(event: Told): void {
    const detail = event.type === "arcp.job" ? this.#runs.get(event.job ?? "")?.detail : undefined;
    if (detail !== undefined) event.detail ??= detail;
    this.#audit(event);
  }

  #answer({ question, what, jobs, principal, sameSession }: AskPolicy): void {
    const { canObserve, canCancel } = this.#policy as JobPolicy;
    const allowed = jobs.map((job) => {
      try {
        const answer = what === "cancel" ? canCancel(job, principal, sameSession) : canObserve(job, principal);
        return answer === true ? 1 : 0;
      } catch (error) {
        console.error(`arcgate: the policy failed: ${reasonFor(error)}`);
        return 0;
      }
    });
    this.#do((core, now) => core.handlePolicyAnswer(question, new Uint8Array(allowed), now));
  }

  // The core is gone, and with it every session and job.
  #lost(): void {
    this.#driver.end();
    for (const conn of [...this.#pipes.keys()]) this.#close(conn, RESTART);
    for (const run of this.#runs.values()) run.stop("lost");
    this.#runs.clear();
  }

  // One agent's run, to its end. It knows neither principal nor token.
  async #run({ job, agent: name, input, lease, traceId }: StartRun): Promise<void> {
    const run = new Run();
    this.#runs.set(job, run);
    // Whatever is reported of a run that isn't this hub's any more is nobody's.
    const tell = (step: (core: HubCore, now: number) => void) => {
      if (this.#runs.get(job) === run) this.#do(step);
    };
    const report = (event: unknown) =>
      tell((core, now) => {
        const { text, thrown, bytes } = written(event, core.payloadBytes());
        if (text === undefined) return core.handleUnwritten(job, false, kindOf(event), thrown, bytes, now);
        const length = this.#room.write(core, text);
        if (length === undefined) core.handleLongEvent(job, text, now);
        else core.handleEvent(job, length, now);
      });
    const end = (output: unknown) =>
      tell((core, now) => {
        const { text, thrown, bytes } = written(output, core.payloadBytes());
        if (text === undefined) core.handleUnwritten(job, true, undefined, thrown, bytes, now);
        else core.handleOutput(job, text, now);
      });
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
      if ("aborted" in step) tell((core, now) => core.handleAbort(job, now));
      else if ("output" in step) end(step.output ?? null);
      else {
        const { code, message } = failure(step.error);
        run.detail = reasonFor(step.error);
        tell((core, now) => core.handleFailure(job, code, message, now));
      }
      break;
    }
    if (this.#runs.get(job) === run) this.#runs.delete(job);
  }
}
