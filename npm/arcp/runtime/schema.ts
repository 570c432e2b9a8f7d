// The tables of a hub, version by version. The columns of src/arcp/runtime/store, in its order.

import { documents } from "../../documentation.js";
import { configError } from "../../errors.js";
import type { HubStorage, Sql } from "./platform.js";

/** The tables whose rows cross as JSON, in the order in which the core takes them back: what names a row, and what else it has. */
export const tables = {
  session: {
    key: ["id"],
    more: ["owner", "features", "python", "token", "previous", "shown", "freed", "ends_at", "is_over"],
  },
  job: {
    key: ["id"],
    more: [
      ...["owner", "session", "agent", "trace_id", "lease", "constraints", "accepted", "created", "flags"],
      ...["last_seq", "gone", "gone_seq", "numbers", "end"],
    ],
  },
  follower: { key: ["job", "session"], more: ["next", "lost", "flags", "seq"] },
  known: { key: ["owner", "key"], more: ["fingerprint", "job", "accepted", "at"] },
} as const;

export type Table = keyof typeof tables;

/**
 * What makes each version of the one before it. A row is found by its key alone, so there is no second index: each would be
 * written, and paid for, too.
 */
const versions: readonly (readonly string[])[] = [
  [
    `CREATE TABLE session (id TEXT PRIMARY KEY, owner TEXT NOT NULL, features TEXT NOT NULL, python INTEGER NOT NULL,
      token TEXT NOT NULL, previous TEXT, shown INTEGER NOT NULL, freed INTEGER NOT NULL, ends_at INTEGER,
      is_over INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE job (id TEXT PRIMARY KEY, owner TEXT NOT NULL, session TEXT NOT NULL, agent TEXT NOT NULL,
      trace_id TEXT NOT NULL, lease TEXT NOT NULL, constraints TEXT, accepted TEXT NOT NULL, created INTEGER NOT NULL,
      cancelled INTEGER NOT NULL, last_seq INTEGER NOT NULL, gone INTEGER NOT NULL, gone_seq INTEGER NOT NULL,
      end TEXT) WITHOUT ROWID`,
    `CREATE TABLE follower (job TEXT NOT NULL, session TEXT NOT NULL, next INTEGER NOT NULL, lost INTEGER NOT NULL,
      flags INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (job, session)) WITHOUT ROWID`,
    `CREATE TABLE known (owner TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, job TEXT NOT NULL,
      accepted TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (owner, key)) WITHOUT ROWID`,
    `CREATE TABLE log (stream TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, text TEXT NOT NULL,
      PRIMARY KEY (stream, first)) WITHOUT ROWID`,
  ],
  // More is to be said of a job than that it is cancelled; and the numbers of its events in its session, where they don't follow
  // from its log.
  ["ALTER TABLE job RENAME COLUMN cancelled TO flags", "ALTER TABLE job ADD COLUMN numbers TEXT"],
];

/** Brings the tables to the present version. Throws ERR_CONFIG where there can be none. */
export function migrate(storage: HubStorage): void {
  const sql = opened(storage);
  const [row] = sql.exec("SELECT version FROM meta").raw();
  const version = Number(row?.[0] ?? 0);
  if (version === versions.length) return;
  if (version > versions.length) {
    throw configError("RUNTIME_HUB", `was written by a newer version of arcgate (${version}): deploy that one again`);
  }
  storage.transactionSync(() => {
    for (const statement of versions.slice(version).flat()) sql.exec(statement);
    sql.exec("DELETE FROM meta");
    sql.exec("INSERT INTO meta VALUES (?)", versions.length);
  });
}

// An object without SQLite says so at the first statement.
function opened({ sql }: HubStorage): Sql {
  try {
    sql.exec("CREATE TABLE IF NOT EXISTS meta (version INTEGER NOT NULL)");
    return sql;
  } catch (error) {
    if (!String(error).includes("SQL is not enabled")) throw error;
    throw configError(
      "RUNTIME_HUB",
      `must be a Durable Object with SQLite: \`new_sqlite_classes\` in place of \`new_classes\`, and another name for a class that was deployed without; see ${documents}embedded-runtime.md`,
    );
  }
}
