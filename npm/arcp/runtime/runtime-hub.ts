// The Durable Object of a hub: what the platform calls.

import type { PlatformRequest } from "../../platform/types.js";
import type { RuntimeHubClass } from "../../worker/types.js";
import { takeSocket } from "../object-socket.js";
import { Hub } from "./hub.js";
import type { HubOptions } from "./options.js";
import type { HubSocket, HubState } from "./platform.js";

/** The class of a deployment's hubs. */
export function runtimeHub(options: HubOptions): RuntimeHubClass {
  return class RuntimeHub {
    #hub: Hub;

    constructor(state: unknown, _env?: unknown) {
      const own = state as HubState;
      this.#hub = new Hub(options, own);
      // Whatever goes wrong here is met again, and told, by whoever asks for something.
      own.blockConcurrencyWhile(() => this.#hub.prepare().catch(() => {}));
    }

    /** Takes the gate's upgrade requests. */
    fetch(request: PlatformRequest): Promise<Response> {
      return takeSocket(request, {
        greet: () => this.#hub.greet(),
        connected: (socket, isPaced) => this.#hub.connected(socket as HubSocket, isPaced),
      });
    }

    webSocketMessage(socket: unknown, message: unknown): void {
      this.#hub.received(socket as HubSocket, message);
    }

    webSocketClose(socket: unknown): void {
      this.#hub.closed(socket as HubSocket);
    }

    webSocketError(socket: unknown): void {
      this.#hub.closed(socket as HubSocket);
    }

    async alarm(): Promise<void> {
      this.#hub.alarm();
    }
  };
}
