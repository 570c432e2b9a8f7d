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
    return new CountedPlace(this.#driver, core, id);
  }
}

class CountedPlace implements Place {
  #driver: MachineDriver<Core>;
  #core: Core;
  #id: number;
  #beat: Timer | undefined;

  constructor(driver: MachineDriver<Core>, core: Core, id: number) {
    this.#driver = driver;
    this.#core = core;
    this.#id = id;
  }

  take(bytes: number): string | undefined {
    return this.#isCounted ? guarded(() => this.#core.take(this.#id, bytes, Date.now())) : undefined;
  }

  whole(): number {
    return this.#isCounted ? guarded(() => this.#core.whole(this.#id, Date.now())) : 0;
  }

  stay(): void {
    this.#beat ??= setInterval(() => {
      if (this.#isCounted) guarded(() => this.#core.beat(this.#id, Date.now()));
    }, this.#core.beatMs);
  }

  end(): void {
    clearInterval(this.#beat);
    if (this.#isCounted) guarded(() => this.#core.end(this.#id));
  }

  // What was counted in an instance that was replaced is gone with it: its numbers mean nothing in another one.
  get #isCounted(): boolean {
    return this.#driver.isCurrent(this.#core);
  }
}
