// RevocationStore: the Durable Object that keeps what was revoked, for all isolates of a deployment. It holds no tokens.
//
// Isolates keep a replica and ask for what has changed since. So the store is asked once for an isolate and a moment, however
// many tokens and sessions there are.

import { call, callJson, ready } from "../platform/modules/gate.js";
import type { PlatformRequest } from "../platform/types.js";

interface Entry {
  name: string;
  before: number | null;
  expires: number;
}

type Row = Record<string, string | number | null>;

/** What is used of a Durable Object's state. */
interface State {
  storage: { sql: { exec(query: string, ...values: unknown[]): { toArray(): Row[] } } };
}

/** The Durable Object behind `REVOCATIONS`. It needs SQLite storage. */
export class RevocationStore {
  #sql: State["storage"]["sql"];

  /** The platform makes it, with its state. */
  constructor(state: object, _env?: unknown) {
    this.#sql = (state as State).storage.sql;
    this.#sql.exec("CREATE TABLE IF NOT EXISTS about (epoch TEXT NOT NULL)");
    this.#sql.exec(
      "CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, before REAL, expires REAL NOT NULL)",
    );
    // Tells a store that was emptied from the one that an isolate has a replica of.
    this.#sql.exec("INSERT INTO about SELECT ? WHERE NOT EXISTS (SELECT 1 FROM about)", crypto.randomUUID());
  }

  /** What the Worker's isolates ask it. It has no address of its own, and is for nobody else. */
  async fetch(request: PlatformRequest): Promise<Response> {
    await ready();
    const { pathname, searchParams } = new URL(request.url);
    if (request.method === "GET" && pathname === "/changes") {
      return Response.json(this.#changes(searchParams.get("epoch"), Number(searchParams.get("seq"))));
    }
    if (request.method === "POST" && pathname === "/add") return this.#add(await request.json());
    return new Response(null, { status: 404 });
  }

  #changes(knownEpoch: string | null, knownSeq: number) {
    const { page } = limits();
    const epoch = this.#all("SELECT epoch FROM about")[0]?.epoch;
    const since = knownEpoch === epoch && Number.isSafeInteger(knownSeq) ? knownSeq : 0;
    const rows = this.#all(
      "SELECT seq, name, before, expires FROM entries WHERE seq > ? AND expires > ? ORDER BY seq LIMIT ?",
      since,
      Date.now() / 1000,
      page,
    );
    const entries = rows.map(({ name, before, expires }) => ({ name, before, expires }));
    return { epoch, seq: rows.at(-1)?.seq ?? since, more: rows.length === page, entries };
  }

  // One entry for a name. A new number makes every isolate see it.
  #add({ name, before, expires }: Entry): Response {
    this.#sql.exec("DELETE FROM entries WHERE expires <= ?", Date.now() / 1000);
    const known = this.#all("SELECT before, expires FROM entries WHERE name = ?", name)[0] as (Row & Entry) | undefined;
    if (!known && Number(this.#all("SELECT COUNT(*) AS count FROM entries")[0]?.count) >= limits().entries) {
      return new Response(null, { status: 507 });
    }
    const own = [before ?? undefined, expires] as const;
    const other = known ? ([known.before ?? undefined, known.expires] as const) : own;
    const [instant = Number.NaN, end = expires] = call("revocationMerged", ...own, ...other);
    this.#sql.exec("DELETE FROM entries WHERE name = ?", name);
    this.#sql.exec(
      "INSERT INTO entries (name, before, expires) VALUES (?, ?, ?)",
      name,
      Number.isNaN(instant) ? null : instant,
      end,
    );
    return new Response(null, { status: 204 });
  }

  #all(query: string, ...values: unknown[]): Row[] {
    return this.#sql.exec(query, ...values).toArray();
  }
}

const limits = () => callJson<{ entries: number; page: number }>("revocationLimits");
