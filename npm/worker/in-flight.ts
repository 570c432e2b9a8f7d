// What one principal may have under way at a time: requests, bodies that are still coming, and bytes of bodies; and how fast its
// bodies may come. The core counts; here is the timer by which a request says that it is still there.

import type { Timer } from "../platform/cancellation.js";
import { MachineDriver } from "../platform/machine-driver.js";
import { gate, guarded } from "../platform/modules/gate.js";
import { randomHalves } from "../platform/random.js";
import type { InFlight as Core } from "../wasm/gate.js";

/** What a principal may have. */
export interface InFlightLimits {
  maxRequestsPerPrincipal: number;
  maxBodiesPerPrincipal: number;
  maxBodyBytesPerPrincipal: number;
  maxBodyBytesPerSec: number;
}

/** A request's place. */
export interface Place {
  /** Counts a piece of the body. Gives why it is too much beside the others'. */
  take(bytes: number): string | undefined;
  /** The body is whole. Gives the milliseconds to wait until it is looked at. */
  whole(): number;
  /** The request takes its time: from now on it says again and again that it is there. Who says nothing is gone soon. */
  stay(): void;
  end(): void;
}

/** The requests under way, by principal. One for an isolate. */
export class InFlight {
  #driver: MachineDriver<Core>;
  #lastId = 0;

  constructor(limits: InFlightLimits) {
    const { maxRequestsPerPrincipal, maxBodiesPerPrincipal, maxBodyBytesPerPrincipal, maxBodyBytesPerSec } = limits;
    const json = JSON.stringify({
      maxRequestsPerPrincipal,
      maxBodiesPerPrincipal,
      maxBodyBytesPerPrincipal,
      maxBodyBytesPerSec,
    });
    this.#driver = new MachineDriver(gate, { make: () => new gate.bindings.InFlight(json, ...randomHalves()) });
  }

  /** A place for a request whose body is still to come, `announced` bytes of `longest` that there may be; or why there is none. */
  begin(key: string, { announced = 0, longest = 0 } = {}): Place | { reason: string } {
    this.#lastId = (this.#lastId + 1) >>> 0;
    const id = this.#lastId;
    const core = this.#driver.machine;
    const reason = guarded(() => core.begin(id, key, announced, longest, Date.now()));
    if (reason !== undefined) return { reason };
    // What was counted in an instance that was replaced is gone with it: its numbers mean nothing in another one.
    const use = <R>(work: () => R, otherwise: R): R => (this.#driver.isCurrent(core) ? guarded(work) : otherwise);
    let beat: Timer | undefined;
    return {
      take: (bytes) => use(() => core.take(id, bytes, Date.now()), undefined),
      whole: () => use(() => core.whole(id, Date.now()), 0),
      stay: () => {
        beat ??= setInterval(() => use(() => core.beat(id, Date.now()), undefined), core.beatMs);
      },
      end: () => {
        clearInterval(beat);
        use(() => core.end(id), undefined);
      },
    };
  }
}
