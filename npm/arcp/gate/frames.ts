// What a socket's frame is for the core: text that it reads, or what it is only told of. And where it comes in: a text that isn't
// long is written into the endpoint's one place in the core's memory, so that no memory is asked for and nothing is copied twice.

import type { MachineDriver } from "../../platform/machine-driver.js";
import { memory } from "../../platform/modules/gate.js";
import type { ArcpEndpointCore, ArcpGateCore } from "../../wasm/gate.js";

/** So much of an upstream's frame that is too large is looked at. */
const HEAD = 4096;

/** One end of a connection. */
export type Side = "client" | "upstream";

/** A message as the platform gives it. */
type Data = string | { byteLength?: number; size?: number };

const encoder = new TextEncoder();

/** Hands frames in. */
export class Frames {
  #endpoint: MachineDriver<ArcpEndpointCore>;
  #core: ArcpEndpointCore | undefined;
  #room = new Uint8Array(0);

  constructor(endpoint: MachineDriver<ArcpEndpointCore>) {
    this.#endpoint = endpoint;
  }

  /** Hands a frame in; whether it is sent on as it is, which only a text is. `core` is a gate of this endpoint. */
  handle(core: ArcpGateCore, side: Side, data: Data, now: number): boolean {
    const isClient = side === "client";
    if (typeof data !== "string") {
      if (isClient) core.handleClientBinary(data.byteLength ?? data.size ?? 0, now);
      else core.handleUpstreamBinary(now);
      return false;
    }
    const room = this.#roomNow();
    if (data.length <= room.length) {
      const { read, written } = encoder.encodeInto(data, room);
      if (read === data.length)
        return isClient ? core.handleClientFrame(written, now) : core.handleUpstreamFrame(written, now);
    }
    return this.#handleLong(core, isClient, data, now);
  }

  // A character is a byte at least: what is too long here doesn't even go into the core's memory. Of an upstream's frame
  // its beginning does: the number stands there.
  #handleLong(core: ArcpGateCore, isClient: boolean, data: string, now: number): boolean {
    if (isClient && data.length > core.clientLimit()) {
      core.handleClientOversized(data.length, now);
      return false;
    }
    if (!isClient && data.length > core.upstreamLimit()) {
      core.handleUpstreamOversized(data.slice(0, HEAD), data.length, now);
      return false;
    }
    return isClient ? core.handleLongClientFrame(data, now) : core.handleLongUpstreamFrame(data, now);
  }

  // A memory that grew has left what was seen of it without a byte.
  #roomNow(): Uint8Array<ArrayBuffer> {
    const core = this.#endpoint.machine;
    if (this.#core !== core || this.#room.length === 0) {
      this.#core = core;
      const at = core.roomPtr();
      this.#room = memory().subarray(at, at + core.roomLength());
    }
    return this.#room;
  }
}
