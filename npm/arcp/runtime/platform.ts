// What a hub uses of its Durable Object.

import type { ServerSocket } from "../gate/settings.js";

/** A value in a row. */
export type Cell = string | number | null;

/** A socket that outlives the object's memory, and what it remembers. */
export interface HubSocket extends ServerSocket {
  serializeAttachment(value: unknown): void;
  deserializeAttachment(): unknown;
}

/** SQLite, in the object's own thread. */
export interface Sql {
  exec(query: string, ...values: Cell[]): { raw(): Iterable<Cell[]> };
}

/** What is kept of an object, and its alarm. */
export interface HubStorage {
  readonly sql: Sql;
  transactionSync<T>(write: () => T): T;
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
  deleteAll(): Promise<void>;
}

/** A Durable Object's state. */
export interface HubState {
  readonly storage: HubStorage;
  acceptWebSocket(socket: HubSocket): void;
  getWebSockets(): HubSocket[];
  blockConcurrencyWhile<T>(wait: () => Promise<T>): Promise<T>;
  abort(reason?: string): void;
}
