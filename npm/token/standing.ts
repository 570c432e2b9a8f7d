// How a manager stands: its state, and who is logged in; and who wants to hear when that changes.

import { configError } from "../errors.js";
import { tell } from "../platform/events.js";
import type { TokenCore } from "../wasm/client.js";

type Claims = Record<string, unknown>;
export type State = "empty" | "valid" | "refreshing" | "failed";

/** How a manager stands at a moment. */
interface Moment {
  state: State;
  claims?: Claims | undefined;
}

type Listener = (standing: Moment) => void;

// The core of a manager that is in use, and the present; of one that is closed nothing.
type Host = () => { core: TokenCore; now: number } | undefined;

/** The standing of a manager. */
export class Standing {
  #host: Host;
  // With what each was told last, or what there was when it came.
  #listeners = new Set<{ hear: Listener; told: Moment | undefined }>();
  #isPending = false;
  #text: string | undefined;
  #claims: Claims | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  get state(): State {
    const { core, now } = this.#host() ?? {};
    return (core?.state(now as number) ?? "empty") as State;
  }

  /** When the present token ends, in milliseconds. */
  get expiresAt(): number | undefined {
    return this.#host()?.core.expiresAt();
  }

  /** The claims of the ID token: the same object, frozen, for as long as they are the same. */
  get claims(): Claims | undefined {
    const text = this.#host()?.core.claims();
    if (text !== this.#text) {
      this.#text = text;
      this.#claims = text === undefined ? undefined : JSON.parse(text, (_, value) => Object.freeze(value));
    }
    return this.#claims;
  }

  subscribe(listener: Listener): () => void {
    if (typeof listener !== "function") throw configError("listener", "must be a function");
    // The same function may listen twice.
    const entry = { hear: listener, told: this.#look() };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  /** Something may have changed: whoever listens hears of it in a microtask, once, however much has. */
  notice(): void {
    if (this.#isPending || this.#listeners.size === 0) return;
    this.#isPending = true;
    queueMicrotask(() => this.#tell());
  }

  close(): void {
    this.#listeners.clear();
  }

  #tell(): void {
    this.#isPending = false;
    const now = this.#look();
    if (now === undefined) return;
    for (const entry of [...this.#listeners]) {
      const { hear, told } = entry;
      if (!this.#listeners.has(entry) || (now.state === told?.state && now.claims === told?.claims)) continue;
      entry.told = now;
      tell("a listener of subscribe", () => hear(now));
    }
  }

  #look(): Moment | undefined {
    try {
      const { claims, state } = this;
      return Object.freeze({ state, ...(claims && { claims }) });
    } catch {
      // A clock of the user's that fails, or a module that is being replaced: the next change is told.
      return undefined;
    }
  }
}
