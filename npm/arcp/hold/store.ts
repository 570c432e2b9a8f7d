// What a hold has in its object's SQLite: all of a turn, or nothing of it.

import { ArcgateError } from "../../errors.js";
import type { HoldCore } from "../../wasm/gate.js";

type Row = Record<string, string | number | null>;

/** What is used of a Durable Object's storage. */
export interface HoldStorage {
  sql?: { exec(query: string, ...values: unknown[]): Iterable<Row> };
  transactionSync<T>(run: () => T): T;
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
}

/** The small rows, as src/js/arcp_hold/encode.rs gives them. */
interface Rows {
  sessions?: [id: string, content: string][];
  ended?: string[];
  jobs?: [session: string, id: string, content: string][];
  forgotten?: [session: string, id: string][];
  dropped?: [session: string, upTo: number][];
}

/** What brings a store of an older version to the next one; a new one goes through all of them. */
const migrations = [
  [
    "CREATE TABLE session (id TEXT PRIMARY KEY, content TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE job (session TEXT NOT NULL, id TEXT NOT NULL, content TEXT NOT NULL, PRIMARY KEY (session, id)) WITHOUT ROWID",
    "CREATE TABLE log (session TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (session, first))",
  ],
];

/** The store of one object. */
export class HoldStore {
  #storage: HoldStorage;
  #isReady = false;

  constructor(storage: HoldStorage) {
    this.#storage = storage;
  }

  #exec(query: string, ...values: unknown[]): Iterable<Row> {
    const { sql } = this.#storage;
    if (sql === undefined) {
      throw new ArcgateError(
        "ERR_CONFIG",
        "SessionHold needs SQLite storage: name it in `new_sqlite_classes` of the migration that makes it",
        { details: { fault: "configuration", subject: "SESSION_HOLD" } },
      );
    }
    return sql.exec(query, ...values);
  }

  /** Makes the tables, or what is missing of them. */
  prepare(): void {
    if (this.#isReady) return;
    this.#exec("CREATE TABLE IF NOT EXISTS meta (version INTEGER NOT NULL)");
    const [row] = this.#exec("SELECT version FROM meta");
    const version = Number(row?.version ?? 0);
    this.#storage.transactionSync(() => {
      for (const statement of migrations.slice(version).flat()) this.#exec(statement);
      if (version === migrations.length) return;
      this.#exec("DELETE FROM meta");
      this.#exec("INSERT INTO meta VALUES (?)", migrations.length);
    });
    this.#isReady = true;
  }

  /** Writes what is there: where nothing can be written, who has just connected is told so by the platform's output gate. */
  probe(): void {
    this.#exec("UPDATE meta SET version = version");
  }

  /** Drops all there is, the tables and the alarm included: who never comes back leaves nothing. */
  async clear(): Promise<void> {
    this.#isReady = false;
    await Promise.all([this.#storage.deleteAlarm(), this.#storage.deleteAll()]);
  }

  /** Hands in all that is stored. What can't be read is left out; gives how much that was. */
  restore(core: HoldCore): number {
    this.prepare();
    let unread = 0;
    const take = (isRead: boolean) => {
      if (!isRead) unread += 1;
    };
    for (const { id, content } of this.#exec("SELECT id, content FROM session"))
      take(core.handleStoredSession(String(id), String(content)));
    for (const { session, id, content } of this.#exec("SELECT session, id, content FROM job"))
      take(core.handleStoredJob(String(session), String(id), String(content)));
    for (const { session, text } of this.#exec("SELECT session, text FROM log ORDER BY session, first"))
      take(core.handleStoredLog(String(session), String(text)));
    return unread;
  }

  /** Writes what the core wants stored. Throws where it can't be: then nothing of it is. */
  write(core: HoldCore): void {
    const rows: Rows = JSON.parse(core.storeRows());
    const write = () => this.#write(rows, core);
    // One statement is whole by itself, and this is what most turns have.
    if (Object.keys(rows).length === 0) write();
    else this.#storage.transactionSync(write);
  }

  #write({ sessions = [], ended = [], jobs = [], forgotten = [], dropped = [] }: Rows, core: HoldCore): void {
    for (const id of ended) {
      for (const [table, column] of [
        ["session", "id"],
        ["job", "session"],
        ["log", "session"],
      ])
        this.#exec(`DELETE FROM ${table} WHERE ${column} = ?`, id);
    }
    for (const row of forgotten) this.#exec("DELETE FROM job WHERE session = ? AND id = ?", ...row);
    for (const row of dropped) this.#exec("DELETE FROM log WHERE session = ? AND last <= ?", ...row);
    for (const row of sessions) this.#exec("INSERT OR REPLACE INTO session VALUES (?, ?)", ...row);
    for (const row of jobs) this.#exec("INSERT OR REPLACE INTO job VALUES (?, ?, ?)", ...row);
    for (let id = core.logSession(); id !== undefined; id = core.logSession()) {
      const [first, last] = [core.logFirst(), core.logLast()];
      this.#exec("INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?)", id, first, last, core.logText());
    }
  }
}
