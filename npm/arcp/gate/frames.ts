// What a socket's frame is for the core: text that it reads, or what it is only told of.

import type { ArcpGateCore } from "../../core.js";
import type { Side } from "./settings.js";

/** So much of an upstream's frame that is too large is looked at. */
const HEAD = 4096;

/** A message as the platform gives it. */
type Data = string | { byteLength?: number; size?: number };

/** Hands a frame in; whether it is sent on as it is, which only a text is. */
export function handleFrame(core: ArcpGateCore, side: Side, data: Data, now: number): boolean {
  const isClient = side === "client";
  if (typeof data !== "string") {
    if (isClient) core.handleClientBinary(data.byteLength ?? data.size ?? 0, now);
    else core.handleUpstreamBinary(now);
    return false;
  }
  // A character is a byte at least: what is too long here doesn't even go into the core's memory. Of an upstream's frame
  // its beginning does: the number stands there.
  if (isClient && data.length > core.clientLimit()) {
    core.handleClientOversized(data.length, now);
    return false;
  }
  if (!isClient && data.length > core.upstreamLimit()) {
    core.handleUpstreamOversized(data.slice(0, HEAD), data.length, now);
    return false;
  }
  return isClient ? core.handleClientFrame(data, now) : core.handleUpstreamFrame(data, now);
}
