// What is still open of a connection: it counts until nothing is, and what lets nobody go ends with its request.

import type { Ending } from "../../platform/cancellation.js";
import type { ConnectionOptions } from "./settings.js";

/** The parts of one connection. */
export class Remains {
  #options: Pick<ConnectionOptions, "place" | "ctx">;
  // The connection itself is one.
  #left = 1;
  #hasLeft = false;
  #isStuck = false;
  #isAborted = false;

  constructor(options: Pick<ConnectionOptions, "place" | "ctx">) {
    this.#options = options;
  }

  /** One more is open. */
  opened(): void {
    this.#left += 1;
  }

  /** One is gone. */
  gone(): void {
    this.#left -= 1;
    if (this.#left > 0 || this.#hasLeft) return;
    this.#hasLeft = true;
    this.#options.place.end();
    if (this.#isStuck) this.#endForHub();
  }

  /** The client doesn't answer a close. Nothing but the end of its own request takes a socket from it; all else goes with it. */
  cutClient(): void {
    this.#abort("the client doesn't answer a close");
  }

  /** The upstream doesn't answer one: one that was opened without a signal waits for the client to be gone. */
  cutUpstream(dialing: Ending): void {
    dialing.come();
    if (dialing.isHeard) return;
    this.#isStuck = true;
    if (this.#hasLeft) this.#endForHub();
  }

  #endForHub(): void {
    this.#abort("the hub doesn't answer a close");
  }

  #abort(why: string): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#options.ctx?.abort?.(why);
  }
}
