// The sockets of an isolate, as the core counts them: by address and by principal, in all, and those that say nothing.

import { MachineDriver } from "../../platform/machine-driver.js";
import { call, gate, guarded } from "../../platform/modules/gate.js";
import { randomHalves } from "../../platform/random.js";
import type { SocketAdmission } from "../../wasm/gate.js";

/** How many there may be, and how fast they may speak. */
export interface AdmissionLimits {
  maxConnections: number;
  maxConnectionsPerAddress: number;
  maxConnectionsPerPrincipal: number;
  maxSilentConnections: number;
  failedHandshakesPerMinute: number;
  maxFramesPerSec: number;
  maxBytesPerSec: number;
}

/** Why a socket is refused. */
export interface Full {
  status: number;
  reason: string;
  retryAfter: number;
}

/** Where there is a place for a socket, and which socket gives way for another one. */
export class Admission {
  #driver: MachineDriver<SocketAdmission>;
  #maxPerPrincipal: number;
  #lastConn = 0;
  /** How each socket is ended whose place is another's. */
  #cuts = new Map<number, () => void>();

  constructor(limits: AdmissionLimits) {
    const json = JSON.stringify(limits);
    this.#maxPerPrincipal = limits.maxConnectionsPerPrincipal;
    this.#driver = new MachineDriver(gate, {
      make: () => new gate.bindings.SocketAdmission(json, ...randomHalves()),
    });
  }

  /** The answer where there is no place for one more socket of an address. */
  full(address: string | undefined): Full | undefined {
    const full = guarded(() => this.#driver.machine.check(address, Date.now()));
    return full === undefined ? undefined : JSON.parse(full);
  }

  /** Takes a place for a socket. `cut()` ends it, where its place is another's. */
  begin(address: string | undefined, cut: () => void): SocketPlace {
    this.#lastConn = (this.#lastConn + 1) >>> 0;
    const conn = this.#lastConn;
    const core = this.#driver.machine;
    this.cutOff(guarded(() => core.upgrade(conn, address)));
    this.#cuts.set(conn, cut);
    return new SocketPlace(this, core, conn, this.#maxPerPrincipal);
  }

  /** The place of this socket, if there is one, is another's. */
  cutOff(conn: number | undefined): void {
    if (conn === undefined) return;
    const cut = this.#cuts.get(conn);
    this.#cuts.delete(conn);
    cut?.();
  }

  // What was counted in an instance that was replaced is gone with it: its numbers mean nothing in another one.
  isCurrent(core: SocketAdmission): boolean {
    return this.#driver.isCurrent(core);
  }

  forget(conn: number): void {
    this.#cuts.delete(conn);
  }
}

/** A socket's place. */
export class SocketPlace {
  #admission: Admission;
  /** The core's object that counts it, and its number there: the socket's own core counts its frames by them. */
  readonly core: SocketAdmission;
  readonly conn: number;
  readonly maxPerPrincipal: number;

  constructor(admission: Admission, core: SocketAdmission, conn: number, maxPerPrincipal: number) {
    this.#admission = admission;
    this.core = core;
    this.conn = conn;
    this.maxPerPrincipal = maxPerPrincipal;
  }

  /** Its hello was answered, or refused. */
  hello(isRefused: boolean): void {
    if (this.#isCurrent) guarded(() => this.core.hello(this.conn, isRefused, Date.now()));
  }

  /** Why its principal has no place for it. */
  refusal(key: string): "too_many_connections" | "too_many_requests" | undefined {
    if (!this.#isCurrent) return undefined;
    return guarded(() => this.core.principal(this.conn, key, Date.now())) as ReturnType<SocketPlace["refusal"]>;
  }

  /** Another socket goes for this one, which has said nothing for a while. */
  cutOff(conn: number | undefined): void {
    this.#admission.cutOff(conn);
  }

  end(): void {
    this.#admission.forget(this.conn);
    if (this.#isCurrent) guarded(() => this.core.closed(this.conn));
  }

  get #isCurrent(): boolean {
    return this.#admission.isCurrent(this.core);
  }
}

/** An address as it is counted: IPv6 by its first 64 bits, which are one customer's. */
export function addressKey(text: string | null | undefined): string | undefined {
  return text ? call("addressKey", text) : undefined;
}
