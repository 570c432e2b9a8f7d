// @ts-nocheck
// RevocationStore: the Durable Object that keeps what was revoked, for all isolates of a deployment. It holds no tokens.
//
// Isolates keep a copy and ask for what has changed since. So the store is asked once for an isolate and a moment, however
// many tokens and sessions there are.

import type { PlatformRequest } from "../platform/types.js";

/** How many entries there may be; every isolate holds a copy of them. */
const MOST_ENTRIES = 20_000;
/** How many of them an answer has. */
const PAGE = 2000;

/** The Durable Object behind `REVOCATIONS`. It needs SQLite storage. */
export class RevocationStore {
  #sql;

  constructor(state: object, _env?: unknown) {
    this.#sql = state.storage.sql;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS about (epoch TEXT NOT NULL)");
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, before REAL, expires REAL NOT NULL)",
    );
    // Tells a store that was emptied from the one that an isolate has a copy of.
    this.#sql.exec("INSERT INTO about SELECT ? WHERE NOT EXISTS (SELECT 1 FROM about)", crypto.randomUUID());
  }

  async fetch(request: PlatformRequest): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (request.method === "GET" && pathname === "/changes") {
      return Response.json(this.#changes(searchParams.get("epoch"), Number(searchParams.get("seq"))));
    }
    if (request.method === "POST" && pathname === "/add") return this.#add(await request.json());
    return new Response(null, { status: 404 });
  }

  #changes(knownEpoch, knownSeq) {
    const [{ epoch }] = this.#all("SELECT epoch FROM about");
    const since = knownEpoch === epoch && Number.isSafeInteger(knownSeq) ? knownSeq : 0;
    const rows = this.#all(
      "SELECT seq, name, before, expires FROM entries WHERE seq > ? AND expires > ? ORDER BY seq LIMIT ?",
      since,
      Date.now() / 1000,
      PAGE,
    );
    const entries = rows.map(({ name, before, expires }) => ({ name, before, expires }));
    return { epoch, seq: rows.at(-1)?.seq ?? since, more: rows.length === PAGE, entries };
  }

  // One entry for a name: the later instant holds, and the longer life. A new number makes every isolate see it.
  #add({ name, before, expires }) {
    this.#sql.exec("DELETE FROM entries WHERE expires <= ?", Date.now() / 1000);
    const [known] = this.#all("SELECT before, expires FROM entries WHERE name = ?", name);
    if (!known && this.#all("SELECT COUNT(*) AS count FROM entries")[0].count >= MOST_ENTRIES) {
      return new Response(null, { status: 507 });
    }
    // Null says that it does not matter when a token was issued.
    const isAlways = before === null || known?.before === null;
    const instant = isAlways ? null : Math.max(before, known?.before ?? before);
    this.#sql.exec("DELETE FROM entries WHERE name = ?", name);
    this.#sql.exec(
      "INSERT INTO entries (name, before, expires) VALUES (?, ?, ?)",
      name,
      instant,
      Math.max(expires, known?.expires ?? expires),
    );
    return new Response(null, { status: 204 });
  }

  #all(query, ...values) {
    return this.#sql.exec(query, ...values).toArray();
  }
}
