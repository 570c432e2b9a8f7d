// The Durable Object of a hub: what the platform calls.

import { ready } from "../../platform/modules/gate.js";
import type { PlatformRequest } from "../../platform/types.js";
import type { RuntimeHubClass } from "../../worker/types.js";
import { pipeOf } from "../hub-protocol.js";
import { Hub } from "./hub.js";
import type { HubOptions } from "./options.js";
import type { HubSocket, HubState } from "./platform.js";

/** Workers' pair of sockets. */
declare const WebSocketPair: new () => { 0: WebSocket; 1: HubSocket };

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

    /** Takes the gate's upgrade requests. Only a binding reaches this, so what they say of a user is believed. */
    async fetch(request: PlatformRequest): Promise<Response> {
      const pipe = pipeOf(request.headers);
      if (pipe === undefined) {
        return new Response("another version", { status: 426, headers: { Upgrade: "websocket" } });
      }
      try {
        await ready();
        this.#hub.greet();
      } catch {
        return new Response("misconfigured", { status: 500 });
      }
      const { 0: client, 1: server } = new WebSocketPair();
      this.#hub.connected(server, pipe.isPaced);
      return new Response(null, { status: 101, webSocket: client } as ResponseInit);
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
