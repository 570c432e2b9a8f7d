// The sessions and jobs of one hub, in its Durable Object. The core decides; here is what it decides about: sockets, agents, the
// time, the policy, what is kept.
//
// The platform drops the object when nothing happens, and makes it anew when something does: then the core gets back what was
// kept, and goes on. An agent at work keeps the object awake, by a timer.

import { MachineDriver } from "../../platform/machine-driver.js";
import { gate, ready, recoverFrom } from "../../platform/modules/gate.js";
import type { HubCore } from "../../wasm/gate.js";
import { type Auditor, auditor, reasonFor, type Told } from "../../worker/audit.js";
import { NORMAL, NOT_STORED, RESTART } from "../close-codes.js";
import { creditIn } from "../hub-protocol.js";
import { Room } from "../room.js";
import { abortSoon, storageReason } from "../storage-failure.js";
import type { AskPolicy, HubAction } from "./actions.js";
import { Alarm } from "./alarm.js";
import { Gathering, type Haste } from "./gathering.js";
import type { HubOptions } from "./options.js";
import { closeSocket, type Pipe, Pipes } from "./pipes.js";
import type { HubSocket, HubState } from "./platform.js";
import { decide } from "./policy.js";
import { type HubStep, Runs } from "./runs.js";
import { StorageFailure, Store } from "./store.js";
import type { JobPolicy } from "./types.js";

/** The platform lets an object sleep that nothing has happened to for ten seconds: while an agent is at work, something does. */
const AWAKE_MS = 8000;

/** Sessions and jobs, and what carries them. */
export class Hub {
  #state: HubState;
  #policy: JobPolicy | undefined;
  #audit: Auditor;
  #driver: MachineDriver<HubCore>;
  #room = new Room();
  #pipes: Pipes;
  #store: Store;
  #alarm: Alarm;
  #runs: Runs;
  #isKept: boolean;
  #isActing = false;
  #gathering = new Gathering(() => this.#do(() => {}));
  #lastHeard = 0;

  constructor({ agents, policy, limits, audit, isKept = true }: HubOptions, state: HubState) {
    this.#state = state;
    this.#isKept = isKept;
    this.#policy = policy;
    this.#audit = auditor(audit);
    this.#pipes = new Pipes(state);
    this.#store = new Store(state.storage, isKept);
    this.#alarm = new Alarm(state.storage);
    this.#runs = new Runs(agents, {
      tell: (step, haste) => this.#do(step, haste),
      ended: () => this.#driver.isAlive && this.#arm(this.#driver.machine),
    });
    const config = JSON.stringify({
      ...limits,
      agents: Object.keys(agents),
      policy: policy !== undefined,
      storage: isKept,
    });
    this.#driver = new MachineDriver(gate, {
      make: () => new gate.bindings.HubCore(config, crypto.getRandomValues(new Uint8Array(8))),
      onTimeout: () => this.#do((core, now) => core.handleTimeout(now)),
      isPatient: true,
      longestMs: AWAKE_MS,
    });
  }

  /** What takes time, before anything else. */
  async prepare(): Promise<void> {
    await Promise.all([ready(), this.#alarm.restore()]);
  }

  /** As `wake`, for who connects: a disk that is full is told before there is a session that it would end. */
  greet(): void {
    const isNew = !this.#driver.isAlive;
    this.wake();
    if (isNew) this.#store.probe();
  }

  /** Makes the core if there is none, of what was kept. Throws what is wrong with the configuration. */
  wake(): void {
    if (this.#driver.isAlive) return;
    this.#lost();
    try {
      const core = this.#driver.machine;
      this.#store.restore(core);
      this.#pipes.restore((conn, text) => core.reattach(conn, text));
      const now = Date.now();
      core.restored(now);
      this.#drain(core, now);
      this.#arm(core);
    } catch (thrown) {
      this.#failed(thrown);
      throw thrown;
    }
  }

  // Whether there is a core. Whoever waits for one that can't be made comes again later.
  #isAwake(): boolean {
    try {
      this.wake();
      return true;
    } catch {
      return false;
    }
  }

  /** A gate's socket. Its first frame is the hello. */
  connected(socket: HubSocket, isPaced: boolean): void {
    this.#pipes.accept(socket, isPaced);
  }

  /** A message of a gate's. What is no text is no frame. */
  received(socket: HubSocket, data: unknown): void {
    if (!this.#isAwake()) return;
    const pipe = this.#pipes.of(socket);
    if (pipe !== undefined) this.#receive(pipe, typeof data === "string" ? data : "");
  }

  #receive(pipe: Pipe, text: string): void {
    const { conn, isPaced } = pipe;
    const isHello = pipe.lateAt !== undefined;
    const credit = creditIn(text);
    if (credit !== undefined) {
      if (!isHello) this.#do((core, now) => core.handleCredit(conn, credit, now));
      return;
    }
    if (isHello) {
      this.#pipes.greeted(pipe);
      const random = crypto.getRandomValues(new Uint8Array(32));
      this.#do((core, now) => core.handleHello(conn, text, random, isPaced, now));
      return;
    }
    // One client after its own last word waits for nobody; where many speak at once, they are written together.
    const isOneOfMany = conn !== this.#lastHeard;
    this.#lastHeard = conn;
    this.#do(
      (core, now) => {
        const length = this.#room.write(core, text);
        const mustAsk =
          length === undefined ? core.handleLongFrame(conn, text, now) : core.handleFrame(conn, length, now);
        // Questions that nobody has put to the policy yet must not be why the next one is refused.
        return mustAsk ? Number.POSITIVE_INFINITY : text.length;
      },
      isOneOfMany ? "soon" : "now",
    );
  }

  /** A gate's socket is closed, or broken. Every close is answered, for a gate has no other means to be rid of a hub's socket. */
  closed(socket: HubSocket): void {
    const isAwake = this.#isAwake();
    const pipe = this.#pipes.of(socket);
    if (pipe === undefined) closeSocket(socket, NORMAL);
    if (!isAwake) return;
    // Whoever was closed from here has answered: the hub may have been made for that alone.
    if (pipe !== undefined) this.#pipes.close(pipe.conn, NORMAL);
    this.#do((core, now) => pipe !== undefined && core.handleClosed(pipe.conn, now));
  }

  /** The alarm went off. A hub that nobody has been at for long keeps nothing, and then nothing is left of it. */
  alarm(): void {
    this.#alarm.forget();
    if (!this.#isAwake()) return;
    this.#do((core, now) => core.handleTimeout(now));
  }

  // Tells the core something, does what it wants done, and sets the timer. What can wait is done together with what else comes:
  // however often agents report and many clients speak, there are few transactions. A step gives how many characters it was.
  #do(step: HubStep, haste: Haste = "now") {
    if (!this.#driver.isAlive) return this.#lost();
    try {
      const core = this.#driver.survivor();
      const now = Date.now();
      if (this.#gathering.defers(haste, step(core, now), now)) return;
      this.#drain(core, now);
      if (!this.#isLeft(core)) this.#arm(core);
      else if (!this.#isActing) this.#forget();
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  // Whether there is nothing to keep, and nobody for whom: a hello that was refused, or a session that has said goodbye.
  #isLeft(core: HubCore): boolean {
    return this.#isKept && this.#runs.size === 0 && this.#pipes.size === 0 && core.isEmpty();
  }

  // Nothing is left of such a hub, its database included.
  #forget(): void {
    this.#driver.end();
    this.#alarm.forget();
    this.#store.clear().catch((error: unknown) => {
      console.error(`arcgate: the database of an empty hub can't be dropped: ${reasonFor(error)}`);
      this.#alarm.set(undefined, Date.now());
    });
  }

  // Frames go as they are. What acting brings about is done by the loop under way.
  #drain(core: HubCore, now: number): void {
    if (this.#isActing) return;
    this.#isActing = true;
    this.#gathering.done(now);
    try {
      for (;;) {
        const conn = core.pollSend();
        if (conn !== 0) {
          this.#pipes.send(conn, core.sentText());
          continue;
        }
        const action = core.pollAction();
        if (action === undefined) return;
        this.#act(core, JSON.parse(action) as HubAction);
      }
    } finally {
      this.#isActing = false;
    }
  }

  #act(core: HubCore, action: HubAction) {
    switch (action.do) {
      case "store":
        return this.#store.write(core);
      case "attach":
        return this.#pipes.attach(action.conn, action.attachment);
      case "close":
        return this.#pipes.close(action.conn, action);
      case "run":
        return void this.#runs.start(action);
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

  // While an agent is at work a timer keeps the object awake with it, which is left when the agent has ended: it is set again and
  // again otherwise. When none is, the alarm wakes the object when something is due.
  #arm(core: HubCore): void {
    const now = Date.now();
    const isAtWork = this.#runs.size > 0;
    if (isAtWork || !this.#isKept) this.#driver.arm(core, now);
    if (!this.#isKept) return;
    const due = isAtWork ? undefined : core.pollTimeout();
    if (!this.#alarm.isSetBy(due, now) && !core.isEmpty()) this.#alarm.set(due, now);
  }

  // The failure's reason is for the log alone.
  #tell(event: Told): void {
    const detail = event.type === "arcp.job" ? this.#runs.get(event.job ?? "")?.detail : undefined;
    if (detail !== undefined) event.detail ??= detail;
    this.#audit(event);
  }

  #answer(ask: AskPolicy): void {
    const allowed = decide(this.#policy as JobPolicy, ask);
    this.#do((core, now) => core.handlePolicyAnswer(ask.question, allowed, now));
  }

  // Something that must not happen has happened: the core goes, and comes back with what was kept. After a write that has failed
  // so does the object, once those who are connected have heard why: nothing is sent of what was to be written.
  #failed(thrown: unknown): void {
    recoverFrom(thrown);
    const { name, code, cause } = Object(thrown) as Error & { code?: string };
    console.error(`arcgate: ${code ?? name ?? "error"}: ${reasonFor(thrown)}${cause ? `: ${reasonFor(cause)}` : ""}`);
    const isStorage = thrown instanceof StorageFailure;
    this.#lost(isStorage ? NOT_STORED : RESTART);
    this.#pipes.restore(() => false);
    if (!isStorage) return;
    const event = { type: "arcp.storage", outcome: "failed", detail: reasonFor(cause) } as const;
    this.#tell({ ...event, reason: storageReason(cause) });
    abortSoon(this.#state, "arcgate: the storage has refused a write");
  }

  // The core is gone, and with it what was at work.
  #lost(how = RESTART): void {
    this.#driver.end();
    this.#pipes.closeAll(how);
    this.#runs.abandon();
  }
}
