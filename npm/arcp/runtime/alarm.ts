// The object's alarm: it wakes the hub when something is due that no agent at work keeps it awake for.

import { reasonFor } from "../../worker/audit.js";

/** What is used of a Durable Object's storage. */
export interface AlarmStorage {
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
}

/** Whatever is kept is looked at after this time: nobody may ever come back, and then it is dropped when it is old. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

/** One alarm. Setting it costs as much as two writes, so one that comes too early is left: the core minds nothing. */
export class Alarm {
  #storage: AlarmStorage;
  #longestMs: number;
  #at: number | undefined;

  /** It goes off after `longestMs` at the latest. */
  constructor(storage: AlarmStorage, longestMs = LONGEST_MS) {
    this.#storage = storage;
    this.#longestMs = longestMs;
  }

  /** Finds out what is set. */
  async restore(): Promise<void> {
    this.#at = (await this.#storage.getAlarm()) ?? undefined;
  }

  /** It has gone off, or is of no more use. */
  forget(): void {
    this.#at = undefined;
  }

  /** Whether it goes off by this time. */
  isSetBy(due: number | undefined, now: number): boolean {
    return this.#at !== undefined && this.#at <= this.#atMost(due, now);
  }

  set(due: number | undefined, now: number): void {
    const at = this.#atMost(due, now);
    this.#at = at;
    this.#storage.setAlarm(at).catch((error: unknown) => {
      this.#at = undefined;
      console.error(`arcgate: the alarm can't be set: ${reasonFor(error)}`);
    });
  }

  #atMost(due: number | undefined, now: number): number {
    return Math.min(due ?? Infinity, now + this.#longestMs);
  }
}
