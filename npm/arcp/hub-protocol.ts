// What the gate and a hub say to each other over their WebSocket, besides the frames of the protocol. None of it is JSON, so
// nothing that a client says can be taken for it: the gate passes on frames that it has read.

import type { Timer } from "../platform/cancellation.js";

/** A deploy lets two versions meet: those that differ don't talk. */
const VERSION = "3";
const HEADER = "x-arcgate-pipe";
/** The gate says what has left for the client. */
const PACED = "x-arcgate-paced";

/** The header fields of a gate that asks for a socket. */
export function pipeHeaders(isPaced: boolean): Record<string, string> {
  return { Upgrade: "websocket", [HEADER]: VERSION, ...(isPaced ? { [PACED]: "1" } : {}) };
}

/** The credential that a client has shown, for a hold: an upstream may have to be shown it again. */
const PRESENTED = "x-arcgate-presented";

/** The header field with a client's credential. */
export function presentedHeaders(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { [PRESENTED]: encodeURIComponent(token) };
}

/** What stands there. */
export function presentedIn(headers: Pick<Headers, "get">): string | undefined {
  const text = headers.get(PRESENTED);
  return text === null ? undefined : decodeURIComponent(text);
}

/** What a gate asks a hub for; nothing where it is of another version, or no gate. */
export function pipeOf(headers: Pick<Headers, "get">): { isPaced: boolean } | undefined {
  if (headers.get(HEADER) !== VERSION || headers.get("upgrade") !== "websocket") return undefined;
  return { isPaced: headers.get(PACED) !== null };
}

/** Whether the platform tells what waits for a client: where it doesn't, nothing is said, and nothing is held back. */
export function isGauged(client: WebSocket): boolean {
  return typeof client.bufferedAmount === "number";
}

const CREDIT = "+";
const OPEN = 1;
/** The gate says what has left after so many frames, or so many characters. */
const FRAMES = 16;
const LENGTH = 32 * 1024;
/** With more waiting for the client than this, nothing has left; after this time it is looked again. */
const MOST_WAITING = 128 * 1024;
const AGAIN_MS = 20;

/** The number of frames that a gate says have left; undefined where the text is none of that. */
export function creditIn(text: string): number | undefined {
  if (!text.startsWith(CREDIT)) return undefined;
  const frames = Number(text.slice(1));
  return Number.isSafeInteger(frames) && frames >= 0 ? frames : undefined;
}

/** The gate's half: counts what came from the hub, and says when it has left for the client. */
export class Credit {
  #hub: WebSocket;
  #client: WebSocket;
  #frames = 0;
  #length = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(hub: WebSocket, client: WebSocket) {
    this.#hub = hub;
    this.#client = client;
    this.#isStopped = !isGauged(client);
  }

  /** A frame from the hub was dealt with. */
  passed(text: string): void {
    if (this.#isStopped) return;
    this.#frames += 1;
    this.#length += text.length;
    if (this.#frames >= FRAMES || this.#length >= LENGTH) this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#isStopped = true;
  }

  #look(): void {
    if (this.#timer !== undefined || this.#client.readyState !== OPEN) return;
    if (this.#client.bufferedAmount <= MOST_WAITING) {
      this.#say(this.#frames);
      this.#frames = 0;
      this.#length = 0;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
    }, AGAIN_MS);
  }

  #say(frames: number): void {
    try {
      this.#hub.send(`${CREDIT}${frames}`);
    } catch {
      // It is closing.
    }
  }
}
