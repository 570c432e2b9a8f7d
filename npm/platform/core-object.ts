// An object of the core's that outlives requests: it is made once, and anew where a trap has replaced the instance that had it.

import { toArcgateError } from "../errors.js";
import { bindings, type Core, instanceEpoch, recoverFrom } from "./wasm.js";

/** Makes an object when it is first used, and again for each instance of the module. */
export class CoreObject<T> {
  #make: (core: Core) => T;
  #object: T | undefined;
  #epoch = -1;

  constructor(make: (core: Core) => T) {
    this.#make = make;
  }

  /** Which instance's object is used now: what was counted in another one is gone with it. */
  get epoch(): number {
    return instanceEpoch();
  }

  /** Gives the object to `work`. What the core throws is an ArcgateError; after a trap the next call finds a fresh one. */
  use<R>(work: (object: T) => R): R {
    try {
      return work(this.get());
    } catch (thrown) {
      recoverFrom(thrown);
      throw toArcgateError(thrown);
    }
  }

  /** The object itself, for the arguments of another one. */
  get(): T {
    if (this.#object === undefined || this.#epoch !== instanceEpoch()) {
      this.#epoch = instanceEpoch();
      this.#object = this.#make(bindings);
    }
    return this.#object;
  }
}

/** Random bits for a seed, as the core takes them. */
export function randomHalves(): [number, number] {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return [high, low];
}
