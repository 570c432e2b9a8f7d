// The class of a deployment's holds, as the platform makes it: one object for each principal.

import { ready } from "../../platform/modules/gate.js";
import type { PlatformRequest } from "../../platform/types.js";
import { reasonFor } from "../../worker/audit.js";
import type { SessionHoldClass } from "../../worker/types.js";
import type { ServerSocket } from "../gate/settings.js";
import { pipeOf, presentedIn } from "../hub-protocol.js";
import { Hold, type State } from "./hold.js";
import type { HoldOptions } from "./options.js";

/** Workers' pair of sockets. */
declare const WebSocketPair: new () => { 0: WebSocket; 1: ServerSocket };

/** The class of a deployment's holds; without options nothing is held. */
export function sessionHold(options: HoldOptions | undefined): SessionHoldClass {
  return class SessionHold {
    #hold: Hold | undefined;

    constructor(state: unknown, env: unknown) {
      this.#hold = options && new Hold(options, state as State, env);
    }

    /** Takes the gate's upgrade requests. Only a binding reaches this, so what they say of a user is believed. */
    async fetch(request: PlatformRequest): Promise<Response> {
      const pipe = pipeOf(request.headers);
      if (pipe === undefined) {
        return new Response("another version", { status: 426, headers: { Upgrade: "websocket" } });
      }
      try {
        await ready();
        if (this.#hold === undefined) throw new TypeError("there is no `arcp.upstream` with `hold`");
        this.#hold.greet();
      } catch (error) {
        console.error(`arcgate: ${Object(error).code ?? "ERR_INTERNAL"}: ${reasonFor(error)}`);
        return new Response("misconfigured", { status: 500 });
      }
      const { 0: client, 1: server } = new WebSocketPair();
      server.accept({ allowHalfOpen: true });
      this.#hold.connected(server, pipe.isPaced, presentedIn(request.headers));
      return new Response(null, { status: 101, webSocket: client } as ResponseInit);
    }

    /** Goes on with who is away, and ends what has waited for too long. */
    async alarm(): Promise<void> {
      await ready();
      this.#hold?.woke();
    }
  };
}
