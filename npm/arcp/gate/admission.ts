// The sockets of an isolate, as the core counts them: by address and by principal, in all, and those that say nothing.

import type { SocketAdmission } from "../../core.js";
import { MachineDriver } from "../../platform/machine-driver.js";
import { call, gate, guarded } from "../../platform/modules/gate.js";
import { randomHalves } from "../../platform/random.js";

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
    this.#driver = new MachineDriver(gate, { make: () => new gate.bindings.SocketAdmission(json, ...randomHalves()) });
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
    this.#cutOff(guarded(() => core.upgrade(conn, address)));
    this.#cuts.set(conn, cut);
    // What was counted in an instance that was replaced is gone with it: its numbers mean nothing in another one.
    const use = <R>(work: () => R, otherwise: R): R => (this.#driver.isCurrent(core) ? guarded(work) : otherwise);
    const grow = () => this.#cutOff(use(() => core.silence(conn), undefined));
    const aging = setTimeout(grow, call("silentMs"));
    const heard = () => {
      clearTimeout(aging);
      use(() => core.heard(conn), undefined);
    };
    return {
      conn,
      core,
      maxPerPrincipal: this.#maxPerPrincipal,
      heard,
      hello: (isRefused) => use(() => core.hello(conn, isRefused, Date.now()), undefined),
      takesPrincipal: (key) => use(() => core.principal(conn, key), true),
      end: () => {
        clearTimeout(aging);
        this.#cuts.delete(conn);
        use(() => core.closed(conn), undefined);
      },
    };
  }

  #cutOff(conn: number | undefined): void {
    if (conn === undefined) return;
    const cut = this.#cuts.get(conn);
    this.#cuts.delete(conn);
    cut?.();
  }
}

/** A socket's place. */
export interface SocketPlace {
  /** Its number, and the core's object that counts it: the socket's own core counts its frames there. */
  conn: number;
  core: SocketAdmission;
  maxPerPrincipal: number;
  /** It has said something. */
  heard(): void;
  /** Its hello was answered, or refused. */
  hello(isRefused: boolean): void;
  /** Whether its principal has a place for it. */
  takesPrincipal(key: string): boolean;
  end(): void;
}

/** An address as it is counted: IPv6 by its first 64 bits, which are one customer's. */
export function addressKey(text: string | null | undefined): string | undefined {
  return text ? call("addressKey", text) : undefined;
}
