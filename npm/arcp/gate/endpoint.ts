// The core's half of an endpoint: its configuration, the gates that are made of it, and the frames that go into them. A frame is
// text that the core reads, or what it is only told of.

import { MachineDriver } from "../../platform/machine-driver.js";
import { gate, guarded } from "../../platform/modules/gate.js";
import { randomHalves } from "../../platform/random.js";
import { placeOf, type RequestPlace } from "../../verify/request.js";
import type { ArcpEndpointCore, ArcpGateCore } from "../../wasm/gate.js";
import { Room } from "../room.js";
import type { SocketPlace } from "./admission.js";

/** So much of an upstream's frame that is too large is looked at. */
const HEAD = 4096;

/** One end of a connection. */
export type Side = "client" | "upstream";

/** A message as the platform gives it. */
type Data = string | { byteLength?: number; size?: number };

/** What the core looks at of a request. */
interface Head {
  place: RequestPlace;
  method: string;
  origin: string | undefined;
  upgrade: string | undefined;
}

/** One for an isolate. */
export class Endpoint {
  #driver: MachineDriver<ArcpEndpointCore>;
  #room = new Room();
  /** The head that was last let through. The core looks at nothing else, so that one which is the same is let through too. */
  #passed: Head | undefined;

  /** `config` is JSON. */
  constructor(config: string) {
    this.#driver = new MachineDriver(gate, { make: () => new gate.bindings.ArcpEndpointCore(config) });
  }

  /** So many bytes may wait to be sent to one side. Throws what is wrong with the configuration. */
  maxBuffered(): number {
    return this.#driver.machine.maxBuffered();
  }

  /** Why a request is not upgraded, as JSON; nothing where it may be. */
  refusal(request: Request): string | undefined {
    const { method, headers } = request;
    const place = placeOf(request);
    const [origin, upgrade] = [headers.get("origin") ?? undefined, headers.get("upgrade") ?? undefined];
    const passed = this.#passed;
    if (passed?.place === place && passed.method === method && passed.origin === origin && passed.upgrade === upgrade)
      return undefined;
    const { scheme, host, path, query } = place;
    const answer = guarded(() => this.#driver.machine.head(method, scheme, host, path, query, origin, upgrade));
    if (answer === undefined) this.#passed = { place, method, origin, upgrade };
    return answer;
  }

  /** A gate for a socket that was accepted now. */
  gate({ core, conn }: SocketPlace, isTrusted: boolean, hasGauge: boolean): ArcpGateCore {
    const [high, low] = randomHalves();
    const { machine } = this.#driver;
    return new gate.bindings.ArcpGateCore(machine, core, conn, isTrusted, hasGauge, high, low, Date.now());
  }

  /** Hands a frame in; whether it is sent on as it is, which only a text is. `core` is a gate of this endpoint. */
  handle(core: ArcpGateCore, side: Side, data: Data, now: number): boolean {
    const isClient = side === "client";
    if (typeof data !== "string") {
      if (isClient) core.handleClientBinary(data.byteLength ?? data.size ?? 0, now);
      else core.handleUpstreamBinary(now);
      return false;
    }
    const length = this.#room.write(this.#driver.machine, data);
    if (length === undefined) return handleLong(core, isClient, data, now);
    return isClient ? core.handleClientFrame(length, now) : core.handleUpstreamFrame(length, now);
  }
}

// A character is a byte at least: what is too long here doesn't even go into the core's memory. Of an upstream's frame
// its beginning does: the number stands there.
function handleLong(core: ArcpGateCore, isClient: boolean, data: string, now: number): boolean {
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
