// @ts-nocheck
// The embedded runtime: one Durable Object holds the sessions and jobs of a hub, in memory. The core decides; here is what it
// decides about: sockets, agents, one timer, the policy.

import { ArcgateError, toArcgateError } from "../../errors.js";
import { bindings, instanceEpoch, ready, recoverFrom } from "../../platform/wasm.js";
import { kindOf, written } from "../../worker/agent-json.js";
import { AgentRun } from "../../worker/agent-run.js";
import { auditor, reasonFor } from "../../worker/audit.js";
import type { RuntimeHubClass } from "../../worker/types.js";
import { HELLO_TIMEOUT, NORMAL, RESTART } from "../close-codes.js";
import { creditIn, PIPE_HEADER, PIPE_VERSION } from "../hub-protocol.js";

/** Time for a gate to say hello. */
const HELLO_MS = 10_000;
/** Timers beyond this would fire at once on some platforms. */
const LONGEST_TIMER = 3_600_000;
/** After so many events in a row, others have their turn: an agent that never waits must not starve the sockets. */
const TURN = 64;

/** The class of a deployment's hubs: `options` are `agents`, `policy`, `limits`, `audit`. */
export function runtimeHub(options): RuntimeHubClass {
  return class RuntimeHub {
    #hub = new Hub(options);

    /** Takes the gate's upgrade requests. Only a binding reaches this, so what they say of a user is believed. */
    async fetch(request) {
      if (request.headers.get(PIPE_HEADER) !== PIPE_VERSION || request.headers.get("upgrade") !== "websocket") {
        return new Response("another version", { status: 426, headers: { Upgrade: "websocket" } });
      }
      try {
        await ready();
        this.#hub.check();
      } catch (error) {
        console.error(`arcgate: ${error.code}: ${error.message}`);
        return new Response("misconfigured", { status: 500 });
      }
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept({ allowHalfOpen: true });
      this.#hub.connected(server);
      return new Response(null, { status: 101, webSocket: client });
    }
  };
}

/** Sessions and jobs, and what carries them. */
class Hub {
  #agents;
  #policy;
  #config;
  #audit;
  #core;
  #epoch;
  #sockets = new Map();
  #lastConn = 0;
  #runs = new Map();
  #timer;
  #timerAt;
  #isDraining = false;

  constructor({ agents, policy, limits = {}, audit }) {
    this.#agents = agents;
    this.#policy = policy;
    this.#config = JSON.stringify({ ...limits, agents: Object.keys(agents), policy: policy !== undefined });
    this.#audit = auditor(audit);
  }

  /** Makes the core if there is none; throws what is wrong with the configuration. */
  check() {
    if (this.#core && this.#epoch !== instanceEpoch()) this.#lost();
    if (this.#core) return;
    this.#epoch = instanceEpoch();
    try {
      this.#core = new bindings.HubCore(this.#config, crypto.getRandomValues(new Uint8Array(8)));
    } catch (thrown) {
      recoverFrom(thrown);
      throw toArcgateError(thrown);
    }
  }

  /** A gate's socket, accepted. Its first frame is the hello. */
  connected(socket) {
    this.#lastConn += 1;
    const conn = this.#lastConn;
    this.#sockets.set(conn, socket);
    let hasHello = false;
    let isPaced = false;
    const late = setTimeout(() => this.#close(conn, HELLO_TIMEOUT.code, HELLO_TIMEOUT.reason), HELLO_MS);
    const gone = () => {
      clearTimeout(late);
      if (!this.#sockets.has(conn)) return;
      this.#close(conn, NORMAL.code, NORMAL.reason);
      this.#do((core, now) => core.detached(conn, now));
    };
    socket.addEventListener("message", ({ data }) => {
      if (!this.#sockets.has(conn)) return;
      // What is no text is no frame.
      const text = typeof data === "string" ? data : "";
      const frames = creditIn(text);
      if (frames !== undefined) {
        isPaced = true;
        if (hasHello) this.#do((core, now) => core.credited(conn, frames, now));
        return;
      }
      const isHello = !hasHello;
      hasHello = true;
      clearTimeout(late);
      this.#do((core, now) => {
        if (isHello) core.attached(conn, text, crypto.getRandomValues(new Uint8Array(32)), isPaced, now);
        else core.frame(conn, text, now);
      });
    });
    socket.addEventListener("close", gone);
    socket.addEventListener("error", gone);
  }

  // Tells the core something, does what it wants done, and sets the timer.
  #do(step) {
    if (!this.#core) return;
    if (this.#epoch !== instanceEpoch()) return this.#lost();
    try {
      step(this.#core, Date.now());
      // What an action brings about is done by the loop that is under way.
      if (this.#isDraining) return;
      this.#isDraining = true;
      try {
        for (let action = this.#core.poll(); action !== undefined; action = this.#core.poll()) {
          this.#act(JSON.parse(action));
        }
      } finally {
        this.#isDraining = false;
      }
      this.#arm(this.#core.deadline());
    } catch (thrown) {
      recoverFrom(thrown);
      console.error(`arcgate: ${thrown?.name ?? "error"}: ${reasonFor(thrown)}`);
      this.#lost();
    }
  }

  #act(action) {
    switch (action.do) {
      case "send":
        return this.#send(action.conn, action.text);
      case "close":
        return this.#close(action.conn, action.code, action.reason);
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

  #send(conn, text) {
    try {
      this.#sockets.get(conn)?.send(text);
    } catch {
      // It is closing; its close comes as an event.
    }
  }

  #close(conn, code, reason) {
    const socket = this.#sockets.get(conn);
    this.#sockets.delete(conn);
    try {
      socket?.close(code, reason);
    } catch {
      // It is closed.
    }
  }

  // The failure's reason is for the log alone.
  #tell(event) {
    const detail = event.type === "arcp.job" ? this.#runs.get(event.job)?.detail : undefined;
    this.#audit({ ...event, detail: event.detail ?? detail });
  }

  #answer({ question, what, jobs, principal, sameSession }) {
    const { canObserve, canCancel } = this.#policy;
    const allowed = jobs.map((job) => {
      try {
        const answer = what === "cancel" ? canCancel(job, principal, sameSession) : canObserve(job, principal);
        return answer === true ? 1 : 0;
      } catch (error) {
        console.error(`arcgate: the policy failed: ${reasonFor(error)}`);
        return 0;
      }
    });
    this.#do((core, now) => core.answered(question, new Uint8Array(allowed), now));
  }

  #arm(deadline) {
    if (deadline === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = deadline;
    if (deadline === undefined) return;
    const wait = Math.min(Math.max(deadline - Date.now(), 0), LONGEST_TIMER);
    this.#timer = setTimeout(() => {
      this.#timerAt = undefined;
      this.#do((core, now) => core.passed(now));
    }, wait);
  }

  // The core is gone, and with it every session and job.
  #lost() {
    this.#core = undefined;
    clearTimeout(this.#timer);
    this.#timerAt = undefined;
    for (const conn of [...this.#sockets.keys()]) this.#close(conn, RESTART.code, RESTART.reason);
    for (const run of this.#runs.values()) run.stop("lost");
    this.#runs.clear();
  }

  // One agent's run, to its end. It knows neither principal nor token.
  async #run({ job, agent: name, input, lease, traceId }) {
    const run = new Run();
    this.#runs.set(job, run);
    // Whatever is reported of a run that isn't this hub's any more is nobody's.
    const tell = (step) => this.#runs.get(job) === run && this.#do(step);
    const report = (event) =>
      tell((core, now) => {
        const { text, thrown, bytes } = written(event, core.payloadBytes());
        if (text === undefined) core.unwritten(job, false, kindOf(event), thrown, bytes, now);
        else core.event(job, text, now);
      });
    const end = (output) =>
      tell((core, now) => {
        const { text, thrown, bytes } = written(output, core.payloadBytes());
        if (text === undefined) core.unwritten(job, true, undefined, thrown, bytes, now);
        else core.output(job, text, now);
      });
    const { signal } = run;
    const agent = new AgentRun(this.#agents[name], input, { jobId: job, name, traceId, lease, signal, report });
    // After what else the core wants done.
    await undefined;
    for (let steps = 1; ; steps += 1) {
      await run.released();
      if (steps % TURN === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      const step = await agent.next();
      if ("event" in step) {
        report(step.event);
        continue;
      }
      if (step.aborted) tell((core, now) => core.aborted(job, now));
      else if ("output" in step) end(step.output ?? null);
      else {
        const { code, message } = failure(step.error);
        run.detail = reasonFor(step.error);
        tell((core, now) => core.failed(job, code, message, now));
      }
      break;
    }
    if (this.#runs.get(job) === run) this.#runs.delete(job);
  }
}

/** A run that can be stopped and paused. */
class Run {
  #abort = new AbortController();
  #paused;
  detail;

  get signal() {
    return this.#abort.signal;
  }

  stop(reason) {
    const name = reason === "timeout" || reason === "lease_expired" ? "TimeoutError" : "AbortError";
    this.#abort.abort(new DOMException(`the job has ended: ${reason}`, name));
    this.resume();
  }

  pause() {
    if (this.#paused || this.#abort.signal.aborted) return;
    this.#paused = Promise.withResolvers();
  }

  resume() {
    this.#paused?.resolve();
    this.#paused = undefined;
  }

  /** Waits while it is paused. */
  async released() {
    while (this.#paused) await this.#paused.promise;
  }
}

// What the client is told of an agent's failure: what it did wrong itself, or one of the protocol's codes, or nothing.
function failure(error) {
  try {
    if (error instanceof ArcgateError && error.details?.fault === "caller") {
      return { code: "INVALID_REQUEST", message: error.message };
    }
    if (typeof error?.code === "string") return { code: error.code };
  } catch {
    // Anything can be thrown.
  }
  return { code: "INTERNAL_ERROR" };
}
