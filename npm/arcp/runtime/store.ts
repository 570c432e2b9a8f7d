// What a hub remembers, in its object's SQLite. The core says what to write; all of a drain is written, or nothing. What is sent in the
// same turn waits until it is on disk: that is the platform's output gate.

import type { HubCore } from "../../wasm/gate.js";
import type { Cell, HubStorage, Sql } from "./platform.js";
import { migrate, type Table, tables } from "./schema.js";

/** What the core wants written, besides logs. What is dropped goes before what is put. */
type Changes = Partial<Record<Table, { put?: Cell[][]; drop?: (string | string[])[] }>> & {
  log?: { drop?: [stream: string, last: number][] };
};

/** A piece of a log: entries, one a line. */
type LogRow = [stream: string, first: number, last: number, text: string];

type Statement = [query: string, ...values: Cell[]];

/** So many characters of rows go to the core at once. */
const PAGE = 128 * 1024;

/** A write has failed: what the core knows and what is kept are two things now. */
export class StorageFailure extends Error {}

/** One hub's rows. */
export class Store {
  #storage: HubStorage;
  #isKept: boolean;
  #sql: Sql | undefined;

  /** Without `isKept` nothing is: the core wants nothing written. */
  constructor(storage: HubStorage, isKept: boolean) {
    this.#storage = storage;
    this.#isKept = isKept;
  }

  /** Writes what the core wants written. Throws a StorageFailure where it can't be, and then nothing of it is. */
  write(core: HubCore): void {
    const statements = statementsOf(core.pollStore());
    while (core.pollLog()) {
      const row: LogRow = [core.logStream(), core.logFirst(), core.logLast(), core.logText()];
      statements.push(["INSERT OR REPLACE INTO log VALUES (?, ?, ?, ?)", ...row]);
    }
    try {
      const [first] = statements;
      // A statement alone is whole by itself, and a savepoint costs as much as two of them.
      if (statements.length === 1 && first !== undefined) this.#exec(first);
      else if (first !== undefined) this.#storage.transactionSync(() => statements.forEach(this.#exec));
    } catch (cause) {
      throw new StorageFailure("the storage has refused a write", { cause });
    }
  }

  #exec = ([query, ...values]: Statement): void => {
    this.#sql?.exec(query, ...values);
  };

  /** Opens it, and gives the core what is kept. Throws ERR_CONFIG where the object has no SQLite. */
  restore(core: HubCore): void {
    if (!this.#isKept) return;
    migrate(this.#storage);
    this.#sql = this.#storage.sql;
    for (const table of Object.keys(tables) as Table[]) {
      const rows = this.#sql.exec(queries[table].all).raw();
      for (const page of pages(rows)) core.restore(table, page);
    }
    for (const row of this.#sql.exec("SELECT stream, first, last, text FROM log ORDER BY stream, first").raw()) {
      core.restoreLog(...soundOf(row));
    }
  }

  /** Writes what is there: where nothing can be written, who has just connected is told so by the platform's output gate. */
  probe(): void {
    this.#exec(["UPDATE meta SET version = version"]);
  }

  /** Drops all there is, and the tables: who never comes back leaves nothing. */
  async clear(): Promise<void> {
    this.#sql = undefined;
    await this.#storage.deleteAll();
  }
}

// A damaged cell may be anything: bytes where the core takes a text would be read as one.
function soundOf([stream, first, last, text]: unknown[]): LogRow {
  const textOf = (cell: unknown) => (typeof cell === "string" ? cell : "");
  return [textOf(stream), Number(first), Number(last), textOf(text)];
}

function statementsOf(json: string | undefined): Statement[] {
  const statements: Statement[] = [];
  if (json === undefined) return statements;
  const changes = JSON.parse(json) as Changes;
  for (const table of Object.keys(changes) as (keyof Changes)[]) {
    if (table === "log") continue;
    const { drop = [], put = [] } = changes[table] ?? {};
    if (drop.length > 1 && tables[table].key.length === 1)
      statements.push([queries[table].dropAll, JSON.stringify(drop)]);
    else for (const key of drop) statements.push([queries[table].drop, ...[key].flat()]);
    for (const row of put) statements.push([queries[table].put, ...row]);
  }
  for (const [stream, last] of changes.log?.drop ?? []) {
    statements.push(["DELETE FROM log WHERE stream = ? AND first <= ? AND last <= ?", stream, last, last]);
  }
  return statements;
}

// By name: a migration adds columns at the end.
const queries = Object.fromEntries(
  Object.entries(tables).map(([table, { key, more }]) => {
    const columns = [...key, ...more];
    const where = key.map((name) => `${name} = ?`).join(" AND ");
    return [
      table,
      {
        all: `SELECT ${columns} FROM ${table}`,
        put: `INSERT OR REPLACE INTO ${table} (${columns}) VALUES (${columns.map(() => "?")})`,
        drop: `DELETE FROM ${table} WHERE ${where}`,
        dropAll: `DELETE FROM ${table} WHERE ${key[0]} IN (SELECT value FROM json_each(?))`,
      },
    ];
  }),
) as Record<Table, Record<"all" | "put" | "drop" | "dropAll", string>>;

// Rows as the JSON that the core takes, some at a time.
function* pages(rows: Iterable<Cell[]>): Generator<string> {
  let page: string[] = [];
  let length = 0;
  for (const row of rows) {
    const text = JSON.stringify(row);
    page.push(text);
    length += text.length;
    if (length < PAGE) continue;
    yield `[${page}]`;
    page = [];
    length = 0;
  }
  if (page.length > 0) yield `[${page}]`;
}
