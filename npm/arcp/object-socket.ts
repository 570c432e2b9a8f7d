// How a gate's socket comes into a Durable Object, a hub's or a hold's.

import { ready } from "../platform/modules/gate.js";
import type { PlatformRequest } from "../platform/types.js";
import type { ServerSocket } from "./gate/settings.js";
import { pipeOf } from "./hub-protocol.js";

/** Workers' pair of sockets. */
declare const WebSocketPair: new () => { 0: WebSocket; 1: ServerSocket };

/** Who takes it. */
interface Takes {
  /** Makes what there is to talk to; what it throws is the object's own to tell. */
  greet(): void;
  /** The object's end of the socket, which is for it to accept. */
  connected(socket: ServerSocket, isPaced: boolean): void;
}

/** Answers a gate's upgrade request. Only a binding reaches an object, so what such a request says of a user is believed. */
export async function takeSocket(request: PlatformRequest, { greet, connected }: Takes): Promise<Response> {
  const pipe = pipeOf(request.headers);
  if (pipe === undefined) {
    return new Response("another version", { status: 426, headers: { Upgrade: "websocket" } });
  }
  try {
    await ready();
    greet();
  } catch {
    return new Response("misconfigured", { status: 500 });
  }
  const { 0: client, 1: server } = new WebSocketPair();
  connected(server, pipe.isPaced);
  return new Response(null, { status: 101, webSocket: client } as ResponseInit);
}
