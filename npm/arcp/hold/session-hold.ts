// The class of a deployment's holds, as the platform makes it: one object for each principal.

import { ready } from "../../platform/modules/gate.js";
import type { PlatformRequest } from "../../platform/types.js";
import { reasonFor } from "../../worker/audit.js";
import type { SessionHoldClass } from "../../worker/types.js";
import { presentedIn } from "../hub-protocol.js";
import { takeSocket } from "../object-socket.js";
import { Hold, type State } from "./hold.js";
import type { HoldOptions } from "./options.js";

/** The class of a deployment's holds; without options nothing is held. */
export function sessionHold(options: HoldOptions | undefined): SessionHoldClass {
  return class SessionHold {
    #hold: Hold | undefined;

    constructor(state: unknown, env: unknown) {
      this.#hold = options && new Hold(options, state as State, env);
    }

    /** Takes the gate's upgrade requests. */
    fetch(request: PlatformRequest): Promise<Response> {
      return takeSocket(request, {
        greet: () => this.#greet(),
        connected: (socket, isPaced) => {
          socket.accept({ allowHalfOpen: true });
          this.#hold?.connected(socket, isPaced, presentedIn(request.headers));
        },
      });
    }

    #greet(): void {
      try {
        if (this.#hold === undefined) throw new TypeError("there is no `arcp.upstream` with `hold`");
        this.#hold.greet();
      } catch (error) {
        console.error(`arcgate: ${Object(error).code ?? "ERR_INTERNAL"}: ${reasonFor(error)}`);
        throw error;
      }
    }

    /** Goes on with who is away, and ends what has waited for too long. */
    async alarm(): Promise<void> {
      await ready();
      this.#hold?.woke();
    }
  };
}
