// What stands in a hub's database: damaged rows cost what they say, and who keeps nothing leaves none.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { session } from "../lib/arcp.mjs";
import { durableWorkerd } from "../lib/durable-workerd.mjs";
import { logged } from "../lib/logged.mjs";
import { bounded, submitted, toTheEnd } from "./hub-worker/sessions.mjs";

let worker;
before(async () => {
  const entry = fileURLToPath(new URL("hub-worker/durable.js", import.meta.url));
  worker = await durableWorkerd(entry, { RUNTIME_HUB: "RuntimeHub", OPEN_HUB: "OpenHub" });
});
after(() => worker?.close());

const connect = (who, options = {}) => session(`${worker.socketUrl}/all?who=${who}`, "", options);
const rows = async () => (await fetch(`${worker.url}/hub/kept/rows`)).json();

/** What `look` gives of each hub's database, while the process is dead. */
function inDatabases(look) {
  const folder = join(worker.state, "RuntimeHub");
  const names = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  return names.flatMap((name) => {
    const database = new DatabaseSync(join(folder, name));
    const isHub = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'log'").get();
    const found = isHub ? [look(database)] : [];
    database.close();
    return found;
  });
}

async function untilEmpty() {
  while (Object.keys(await rows()).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
}

test("who never had a session leaves no database", bounded, async () => {
  const resume = { session_id: "sess_none", resume_token: "rt_none", last_event_seq: 0 };
  await assert.rejects(connect("guest", { hello: { resume } }));
  await untilEmpty();
  // And there is a next time, with all that belongs to it.
  const client = await connect("guest");
  await toTheEnd(client, await submitted(client, { agent: "echo", input: 1 }));
  const { session: sessions, job: jobs } = await rows();
  assert.deepEqual([sessions, jobs], [1, 1]);
  await client.close();
});

test("bytes where a log has texts are left out, and the rest is there", bounded, async () => {
  const client = await connect("guest");
  const job = await submitted(client, { agent: "echo", input: 2, idempotency_key: "k" });
  const [end] = await toTheEnd(client, job);
  await worker.kill();
  inDatabases((hub) => hub.exec("INSERT INTO log VALUES (x'ff00', 1, 1, 'x'), ('sess_x', 1, 1, x'ff00')"));
  await worker.start();
  const again = await connect("guest", { hello: { resume: client.resumption(0) } });
  const [told] = await toTheEnd(again, job);
  assert.deepEqual([told.id, told.payload], [end.id, end.payload]);
  await logged(worker.log, /unreadable_row/);
  assert.ok(!worker.log.some((line) => line.includes("RuntimeError")));
  await again.close();
});

test("what was acknowledged leaves the database", bounded, async () => {
  const client = await connect("guest");
  for (let round = 0; round < 6; round += 1) {
    const frames = await toTheEnd(client, await submitted(client, { agent: "count", input: { to: 100 } }));
    client.say("session.ack", { last_processed_seq: frames.at(-1).event_seq });
  }
  // It is dropped with what is written next.
  await toTheEnd(client, await submitted(client, { agent: "echo", input: 1 }));
  await worker.kill();
  const count = (hub) => hub.prepare("SELECT COUNT(*) AS n FROM log WHERE stream = ?").get(client.id).n;
  const [left] = inDatabases(count).filter((n) => n > 0);
  assert.ok(left < 16, `${left} rows of its log`);
  await worker.start();
});
