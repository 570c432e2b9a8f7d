// @ts-nocheck
// What is under way for a token manager: each flight is performed action by action, and others wait for it.

import { within } from "../platform/cancellation.js";
import { recoverFrom } from "../platform/wasm.js";
import { unguessable } from "./request.js";
import { nameOf } from "./source-error.js";

const asksSomebody = ["call", "get", "post"];

/** The flights of one manager. */
export class Flights {
  /** What kept the last one from an answer, if anything was thrown. */
  cause;
  #driver;
  #running = new Map();

  /** `driver`: the clock, whether a core is still the manager's, how an action is performed, and who hears of a flight's end. */
  constructor(driver) {
    this.#driver = driver;
  }

  /** Begins a flight. It belongs to nobody: whoever gives up waiting leaves it to the others. */
  start(core, flight, waitUntil) {
    const running = this.#run(core, flight)
      .catch((thrown) => void recoverFrom(thrown))
      .finally(() => {
        if (this.#running.get(flight) === running) this.#running.delete(flight);
        this.#driver.ended(flight);
      });
    this.#running.set(flight, running);
    waitUntil?.(running);
    return running;
  }

  /**
   * Waits for somebody else's flight. On an edge runtime its request may have been cancelled: then the promise never settles, or,
   * in newer ones, throws when it is waited for. Then this caller goes on with the flight.
   */
  async waitFor(core, flight, limitMs, waitUntil) {
    const running = this.#running.get(flight);
    try {
      await within(limitMs, running ?? new Promise(() => {}));
    } catch {
      // Of those who waited, one takes over.
      if (this.#running.get(flight) !== running || !this.#driver.isCurrent(core)) return;
      if (core.takeOver(flight, this.#driver.now(), Math.random())) this.start(core, flight, waitUntil);
      else this.#running.delete(flight);
    }
  }

  async #run(core, flight) {
    // Whoever asks at the same moment is there before anything is sent, and shares it.
    await undefined;
    for (;;) {
      const text = core.action(flight, unguessable(), this.#driver.now());
      if (text === undefined) return;
      const action = JSON.parse(text);
      let result;
      try {
        if (asksSomebody.includes(action.do)) this.cause = undefined;
        result = await this.#driver.perform(action, flight);
      } catch (thrown) {
        if (typeof thrown !== "string") this.cause = thrown;
        if (action.do === "call" && thrown !== "timeout")
          result = ["threw", nameOf(thrown), thrown?.retryable === false];
        else result = ["failed", typeof thrown === "string" ? thrown : "network"];
      }
      if (!this.#driver.isCurrent(core)) return;
      const [method, ...outcome] = result;
      try {
        core[method](flight, ...outcome, this.#driver.now(), Math.random());
      } catch (thrown) {
        if (recoverFrom(thrown)) return;
        // Whatever a callback, a storage or a lock gave that the core can't take: that failed, and nobody waits for it.
        this.cause = thrown;
        core.failed(flight, "network", this.#driver.now(), Math.random());
      }
    }
  }

  /** When all that is under way has ended, one way or another. */
  settled() {
    return Promise.allSettled(this.#running.values());
  }

  /** Forgets what is under way: its core is gone. */
  clear() {
    this.#running.clear();
  }
}
