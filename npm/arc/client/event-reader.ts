// The events of a stream of bytes.

import { ArcgateError } from "../../errors.js";
import { MachineDriver } from "../../platform/machine-driver.js";
import { type ClientCore, client, guarded } from "../../platform/modules/client.js";
import { broken } from "../../platform/peer-errors.js";

// How much goes into the core's memory at once: it grows to hold it, and never shrinks.
const PIECE = 64 * 1024;

/** An event's name and its data. */
export type NamedData = [name: string, data: string];

/** The core's reader, fed in pieces. It belongs to one instance of the module, and ends with it. */
export class EventReader {
  #machine: MachineDriver<Machine>;
  #bytes: Uint8Array = new Uint8Array(0);

  /** With these bounds, in bytes: of one event, and of the whole stream. */
  constructor({ event, stream }: { event: number; stream: number }) {
    this.#machine = new MachineDriver(client, { make: () => new client.bindings.EventReader(event, stream) });
    void this.#machine.machine;
  }

  /** Takes the next bytes. */
  take(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.push();
  }

  /** Hands on the next part of what was taken; false when nothing is left of it. */
  push(): boolean {
    if (this.#bytes.length === 0) return false;
    const part = this.#bytes.subarray(0, PIECE);
    this.#bytes = this.#bytes.subarray(PIECE);
    this.#try((machine) => machine.push(part));
    return true;
  }

  /** The next complete event. */
  next(): NamedData | undefined {
    return parted(this.#try((machine) => machine.nextEvent()));
  }

  /** The event that the end of the stream completes, if it does. */
  finish(): NamedData | undefined {
    return parted(this.#try((machine) => machine.finish()));
  }

  /** Gives its memory back. */
  free(): void {
    this.#machine.end();
  }

  #try<T>(work: (machine: Machine) => T): T {
    try {
      return guarded(() => work(this.#machine.survivor()));
    } catch (error) {
      const isPeers = error instanceof ArcgateError && error.code === "ERR_PROTOCOL";
      throw isPeers ? broken(error.message, error.details) : error;
    }
  }
}

type Machine = InstanceType<ClientCore["EventReader"]>;

// The core gives an event as its name, a line feed, its data.
function parted(text: string | undefined): NamedData | undefined {
  if (text === undefined) return undefined;
  const end = text.indexOf("\n");
  return [text.slice(0, end), text.slice(end + 1)];
}
