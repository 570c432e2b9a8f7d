// A hub whose Durable Object has no SQLite is refused, and the log says what to write where.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startWrangler } from "../lib/worker.mjs";
import { bounded } from "./hub-worker/sessions.mjs";

test("an object without SQLite is a mistake in the configuration", bounded, async (t) => {
  const config = fileURLToPath(new URL("hub-worker/without-sql.toml", import.meta.url));
  const worker = await startWrangler({}, { config });
  t.after(() => worker.close());
  assert.equal((await fetch(`${worker.url}/hub`)).status, 500);
  const said = () => worker.log.find((line) => line.includes("ERR_CONFIG"));
  while (!said()) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.match(said(), /`RUNTIME_HUB` must be a Durable Object with SQLite: `new_sqlite_classes`/);
});
