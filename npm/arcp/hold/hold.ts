// Sessions that are held for an upstream: one Durable Object has those of a principal. To the gate it is the runtime, to the upstream
// a client that never leaves. The core decides; here is what it decides about: sockets, storage, a timer, an alarm.

import type { Timer } from "../../platform/cancellation.js";
import { MachineDriver } from "../../platform/machine-driver.js";
import { gate, recoverFrom } from "../../platform/modules/gate.js";
import type { HoldCore } from "../../wasm/gate.js";
import { type Auditor, auditor, reasonFor } from "../../worker/audit.js";
import { HELLO_TIMEOUT, NORMAL, NOT_STORED, RESTART } from "../close-codes.js";
import type { ServerSocket } from "../gate/settings.js";
import { creditIn } from "../hub-protocol.js";
import { Room } from "../room.js";
import { Alarm } from "../runtime/alarm.js";
import { HELLO_MS } from "../runtime/numbers.js";
import { abortSoon, storageReason } from "../storage-failure.js";
import { type HoldAction, NOTHING, SEND, SEND_UPSTREAM, STORE } from "./actions.js";
import type { HoldOptions } from "./options.js";
import { type HoldStorage, HoldStore } from "./store.js";
import { Upstreams } from "./upstreams.js";

/** While a client is away the object is woken so often, should it be gone: it goes on with the upstream. */
const WATCH_MS = 30_000;

/** What is used of a Durable Object's state. */
export interface State {
  storage: HoldStorage;
  abort?(reason?: string): void;
}

/** A gate's socket. */
interface Pipe {
  conn: number;
  socket: ServerSocket;
  isPaced: boolean;
  /** What its client has shown; until its hello has come. */
  presented: string | undefined;
  /** Until its hello has come: when it is late. */
  lateAt: number | undefined;
}

/** The sessions of a principal, and what carries them. */
export class Hold {
  #state: State;
  #store: HoldStore;
  #audit: Auditor;
  #driver: MachineDriver<HoldCore>;
  #room = new Room();
  #upstreams: Upstreams;
  #pipes = new Map<number, Pipe>();
  #lastConn = 0;
  #late: Timer | undefined;
  #isActing = false;
  #isDue = false;
  #alarm: Alarm;

  constructor({ config, upstream, audit, ...asked }: HoldOptions, state: State, env: unknown) {
    this.#state = state;
    this.#store = new HoldStore(state.storage);
    this.#alarm = new Alarm(state.storage, WATCH_MS);
    this.#audit = auditor(audit);
    this.#upstreams = new Upstreams(upstream, { ...asked, env }, (step) => this.#do(step));
    const text = JSON.stringify(config);
    this.#driver = new MachineDriver(gate, {
      make: () => new gate.bindings.HoldCore(text, crypto.getRandomValues(new Uint8Array(8))),
      made: (core) => this.#restore(core),
      onTimeout: () => this.#do((core, now) => core.handleTimeout(now)),
      isPatient: true,
    });
  }

  #restore(core: HoldCore): void {
    const unread = this.#store.restore(core);
    if (unread > 0) {
      this.#audit({ type: "arcp.hold", outcome: "failed", reason: "stored_unreadable", detail: `${unread} rows` });
    }
    core.handleRestored(Date.now());
  }

  /** Makes the core if there is none, of what is stored; throws what is wrong with the configuration. */
  check(): void {
    if (this.#driver.isAlive) return;
    this.#lost();
    void this.#driver.machine;
    this.#do(() => {}, true);
  }

  /** As `check`, for who connects: a disk that is full is told before there is a session that it would end. */
  greet(): void {
    const isNew = !this.#driver.isAlive;
    this.check();
    if (isNew) this.#store.probe();
  }

  /** The alarm: who is away is also asked about, as no gate does it. */
  woke(): void {
    this.#alarm.forget();
    this.check();
    this.#do((core, now) => core.handleTimeout(now));
    this.#step((core) => this.#upstreams.askAbout(core));
  }

  /** A gate's socket, accepted. Its first frame is the hello. */
  connected(socket: ServerSocket, isPaced: boolean, presented: string | undefined): void {
    this.#lastConn += 1;
    const pipe: Pipe = { conn: this.#lastConn, socket, isPaced, presented, lateAt: Date.now() + HELLO_MS };
    this.#pipes.set(pipe.conn, pipe);
    this.#late ??= setTimeout(() => this.#endLate(), HELLO_MS);
    const closed = () => {
      if (!this.#pipes.has(pipe.conn)) return;
      this.#close(pipe.conn, NORMAL);
      this.#do((core, now) => core.handleClosed(pipe.conn, now));
      this.#step((core) => this.#upstreams.askAbout(core));
    };
    // As properties, which take less of the platform than listeners.
    socket.onmessage = ({ data }) => {
      // What is no text is no frame.
      if (this.#pipes.has(pipe.conn)) this.#received(pipe, typeof data === "string" ? data : "");
    };
    socket.onclose = closed;
    socket.onerror = closed;
  }

  #received(pipe: Pipe, text: string): void {
    const { conn, isPaced, presented } = pipe;
    const isHello = pipe.lateAt !== undefined;
    const credit = creditIn(text);
    if (credit !== undefined) {
      if (!isHello) this.#do((core, now) => core.handleCredit(conn, credit, now));
      return;
    }
    pipe.lateAt = undefined;
    pipe.presented = undefined;
    this.#do((core, now) => {
      const random = () => crypto.getRandomValues(new Uint8Array(32));
      if (isHello) return void core.handleHello(conn, text, presented, random(), isPaced, now);
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
    this.#do(() => {});
    this.#late = next === Infinity ? undefined : setTimeout(() => this.#endLate(), next - now);
  }

  // A frame of the upstream's: what comes in the same moment is written at once, for each write costs as much as many frames do.
  #upstreamFrame(link: number, data: unknown): void {
    this.#step((core, now) => {
      const length = typeof data === "string" ? this.#room.write(core, data) : undefined;
      if (typeof data !== "string") core.handleUpstreamBinary(link, now);
      else if (length === undefined) core.handleLongUpstreamFrame(link, data, now);
      else core.handleUpstreamFrame(link, length, now);
    });
    if (this.#isDue) return;
    this.#isDue = true;
    setTimeout(() => {
      if (this.#isDue) this.#do(() => {});
    }, 0);
  }

  // Tells the core something, does what it wants done, and sets the timer. `isAwaited`: somebody comes.
  #do(step: (core: HoldCore, now: number) => void, isAwaited = false): void {
    this.#step((core, now) => {
      step(core, now);
      this.#isDue = false;
      this.#drain(core);
      if (!isAwaited && this.#isLeft(core)) return this.#forget();
      this.#driver.arm(core, Date.now());
      this.#setAlarm(core);
    });
  }

  // Whether nothing is kept, nobody is there, and nothing is under way.
  #isLeft(core: HoldCore): boolean {
    return !this.#isActing && this.#pipes.size === 0 && core.count() === 0 && !this.#upstreams.isAny;
  }

  // Nothing is left of such a hold, its database included.
  #forget(): void {
    this.#driver.end();
    this.#alarm.forget();
    this.#store.clear().catch((thrown: unknown) => {
      console.error(`arcgate: the database of an empty hold can't be dropped: ${reasonFor(thrown)}`);
    });
  }

  #step(step: (core: HoldCore, now: number) => void) {
    if (!this.#driver.isAlive) return this.#lost();
    try {
      step(this.#driver.survivor(), Date.now());
    } catch (thrown) {
      recoverFrom(thrown);
      console.error(`arcgate: ${Object(thrown).name ?? "error"}: ${reasonFor(thrown)}`);
      this.#lost();
    }
  }

  #drain(core: HoldCore): void {
    // What acting brings about is done by the loop under way.
    if (this.#isActing) return;
    this.#isActing = true;
    try {
      for (let what = core.poll(); what !== NOTHING; what = core.poll()) {
        if (what === STORE) this.#write(core);
        else if (what === SEND) this.#send(core.target(), core.sentText());
        else if (what === SEND_UPSTREAM) this.#upstreams.send(core.target(), core.sentText());
        else this.#act(JSON.parse(core.actionText()) as HoldAction);
      }
    } finally {
      this.#isActing = false;
    }
  }

  // What can't be written was not told to anybody: the object goes, and comes again with what was written before.
  #write(core: HoldCore): void {
    try {
      this.#store.write(core);
    } catch (thrown) {
      const event = { type: "arcp.storage", outcome: "failed", detail: reasonFor(thrown) } as const;
      this.#audit({ ...event, reason: storageReason(thrown) });
      this.#lost(NOT_STORED);
      abortSoon(this.#state, "what must be kept can't be written");
      throw thrown;
    }
  }

  #act(action: HoldAction) {
    switch (action.do) {
      case "close":
        return this.#close(action.conn, action);
      case "dial":
        return this.#upstreams.open(action, (link, data) => this.#upstreamFrame(link, data));
      case "closeUpstream":
        return this.#upstreams.close(action.link);
      case "audit":
        return this.#audit(action.event);
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

  // While somebody is away the object comes back, should it be gone. An alarm that is set is left: it looks again.
  #setAlarm(core: HoldCore): void {
    const wakeAt = core.wakeAt();
    const now = Date.now();
    if (wakeAt !== undefined && !this.#alarm.isSetBy(wakeAt, now)) this.#alarm.set(wakeAt, now);
  }

  // The core is gone. What was stored is had again by who comes next.
  #lost(how = RESTART): void {
    this.#driver.end();
    this.#upstreams.closeAll();
    for (const conn of [...this.#pipes.keys()]) this.#close(conn, how);
  }
}
