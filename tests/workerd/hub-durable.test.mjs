// The embedded runtime remembers: whatever becomes of its object or of the whole process, sessions and jobs are there again.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { session } from "../lib/arcp.mjs";
import { durableWorkerd } from "../lib/durable-workerd.mjs";
import { logged } from "../lib/logged.mjs";
import { bounded, submitted, toTheEnd, upTo } from "./hub-worker/sessions.mjs";

let worker;
before(async () => {
  const entry = fileURLToPath(new URL("hub-worker/durable.js", import.meta.url));
  worker = await durableWorkerd(entry, { RUNTIME_HUB: "RuntimeHub", OPEN_HUB: "OpenHub" });
});
after(() => worker?.close());

const connect = (who, { path = "/all", ...options } = {}) =>
  session(`${worker.socketUrl}${path}?who=${who}`, "", options);
const resume = (client, who, seq) => connect(who, { hello: { resume: client.resumption(seq) } });
const ask = async (path) => (await fetch(`${worker.url}${path}`)).json();
const toHub = async (what, name = "kept") => (await fetch(`${worker.url}/hub/${name}${what}`)).text();
const numbers = (frames) => frames.map(({ event_seq: seq }) => seq);

async function jobs(client) {
  client.say("session.list_jobs", {});
  return (await client.until("session.jobs")).payload.jobs;
}

async function until(what, isSo) {
  for (;;) {
    const found = await what();
    if (isSo(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

// What comes to a session between `seq` and the end of a job, whatever became of its run.
async function rest(client, who, seq, job) {
  const again = await resume(client, who, seq);
  assert.equal(again.id, client.id);
  return { again, frames: await toTheEnd(again, job) };
}

test(
  "a hub without anything to do sleeps: nothing wakes it, and what was there is there when a frame comes",
  bounded,
  async () => {
    const sleepers = await Promise.all(upTo(1, 20).map(() => connect("sleeper")));
    const [client] = sleepers;
    const job = await submitted(client, { agent: "echo", input: "before", idempotency_key: "sleeping" });
    const [result] = await toTheEnd(client, job);
    assert.equal(result.event_seq, 1);
    // One whose agent is at work stays, though nothing happens to it either.
    const busy = await connect("at work", { path: "/own" });
    const deaf = await submitted(busy, { agent: "deaf" });
    // The platform lets go of an object after ten seconds, and tells nobody: it shows when the next frame makes another one.
    const began = await ask("/counts");
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 11_000));
      assert.deepEqual(await ask("/counts"), began, "neither made anew nor rung");
      assert.equal((await jobs(client))[0].job_id, job);
      const { constructions } = await ask("/counts");
      if (constructions > began.constructions) break;
    }
    const [{ job_id, status }] = await jobs(busy);
    assert.deepEqual([job_id, status], [deaf, "running"]);
    assert.equal((await ask("/counts")).constructions, began.constructions + 1, "of the one that slept alone");
    busy.say("job.cancel", {}, { job_id: deaf });
    await toTheEnd(busy, deaf);
    await busy.close();
    const again = await submitted(client, { agent: "echo", input: "before", idempotency_key: "sleeping" });
    assert.equal(again, job);
    const next = await submitted(client, { agent: "echo", input: "after" });
    assert.deepEqual(numbers(await toTheEnd(client, next)), [3]);
    for (const sleeper of sleepers) {
      assert.equal((await jobs(sleeper)).length, 2);
      await sleeper.close();
    }
  },
);

test(
  "an object that is lost: jobs that were at work end as retryable, and each event is there once",
  bounded,
  async () => {
    const client = await connect("lost");
    const done = await submitted(client, { agent: "chunks", idempotency_key: "done" });
    const before = await toTheEnd(client, done);
    const job = await submitted(client, { agent: "count", input: { to: 100_000, delayMs: 5 } });
    const seen = numbers(before);
    while (seen.length < 20) seen.push((await client.until("job.event")).event_seq);
    await toHub("/abort");
    await client.closed();
    const { again, frames } = await rest(client, "lost", seen.at(-1), job);
    assert.deepEqual([...seen, ...numbers(frames)], upTo(1, frames.at(-1).event_seq));
    assert.deepEqual([frames.at(-1).payload.code, frames.at(-1).payload.retryable], ["INTERNAL_ERROR", true]);
    const listed = Object.fromEntries((await jobs(again)).map(({ job_id: id, status }) => [id, status]));
    assert.deepEqual([listed[done], listed[job]], ["success", "error"]);
    assert.equal(await submitted(again, { agent: "chunks", idempotency_key: "done" }), done);
    // What is over is told again as it was.
    const other = await connect("lost");
    other.say("job.subscribe", { job_id: done, history: true });
    const told = await toTheEnd(other, done);
    assert.deepEqual(told.at(-1).payload, before.at(-1).payload);
    await again.close();
    await other.close();
  },
);

test("a process that is killed: what clients had is had once, and nothing is missing", bounded, async () => {
  const client = await connect("killed");
  const echo = await submitted(client, { agent: "echo", input: { text: "kept" } });
  const seen = numbers(await toTheEnd(client, echo));
  const job = await submitted(client, { agent: "floods", input: { to: 1_000_000 } });
  while (seen.length < 500) seen.push((await client.until("job.event")).event_seq);
  client.say("session.ack", { last_processed_seq: 300 });
  await worker.kill();
  await client.closed();
  await worker.start();
  const { again, frames } = await rest(client, "killed", seen.at(-1), job);
  const { payload } = frames.at(-1);
  assert.equal(payload.code, "INTERNAL_ERROR");
  assert.deepEqual([...seen, ...numbers(frames)], upTo(1, frames.at(-1).event_seq));
  const steps = frames.filter(({ type }) => type === "job.event").map(({ payload }) => payload.body.current);
  assert.deepEqual(steps, upTo(seen.at(-1), seen.at(-1) + steps.length - 1));
  await again.close();
});

test("a write that fails: nothing of it is told, sessions end to be taken up again", bounded, async () => {
  const client = await connect("broken");
  const job = await submitted(client, { agent: "echo", input: 1 });
  const [{ event_seq: seq }] = await toTheEnd(client, job);
  await toHub("/break");
  client.say("job.submit", { agent: "echo", input: 2, idempotency_key: "again" });
  const closed = await client.closed();
  assert.notEqual(closed.code, 1000);
  await logged(worker.log, /^(?=.*refused a write).*injected/);
  const again = await resume(client, "broken", seq);
  assert.deepEqual(
    (await jobs(again)).map(({ job_id: id }) => id),
    [job],
  );
  const next = await submitted(again, { agent: "echo", input: 2, idempotency_key: "again" });
  assert.deepEqual(numbers(await toTheEnd(again, next)), [seq + 1]);
  await again.close();
});

test("a session that nobody comes back to is forgotten by an alarm, and then nothing is left", bounded, async () => {
  const client = await connect("short", { path: "/open" });
  assert.equal(JSON.parse(await toHub("/rows", "short")).session, 1);
  const { alarms } = await ask("/counts");
  await client.close();
  await until(
    () => ask("/counts"),
    (counts) => counts.alarms > alarms,
  );
  assert.deepEqual(JSON.parse(await toHub("/rows", "short")), {});
  const next = await connect("short", { path: "/open" });
  await toTheEnd(next, await submitted(next, { agent: "echo", input: "a new beginning" }));
  await next.close();
});

// The databases of a killed process that have this session.
function databases(session) {
  const folder = join(worker.state, "RuntimeHub");
  const files = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  const all = files.map((name) => new DatabaseSync(join(folder, name)));
  const found = all.filter(
    (database) => database.prepare("SELECT 1 FROM session WHERE id = ?").all(session).length > 0,
  );
  assert.equal(found.length, 1);
  return found;
}

// What stands in a table of the first version, with the rows of the present one.
const jobsOfVersion1 = `
  CREATE TABLE old (id TEXT PRIMARY KEY, owner TEXT NOT NULL, session TEXT NOT NULL, agent TEXT NOT NULL,
    trace_id TEXT NOT NULL, lease TEXT NOT NULL, constraints TEXT, accepted TEXT NOT NULL, created INTEGER NOT NULL,
    cancelled INTEGER NOT NULL, last_seq INTEGER NOT NULL, gone INTEGER NOT NULL, gone_seq INTEGER NOT NULL,
    end TEXT) WITHOUT ROWID;
  INSERT INTO old SELECT id, owner, session, agent, trace_id, lease, constraints, accepted, created, flags & 1, last_seq,
    gone, gone_seq, end FROM job;
  DROP TABLE job;
  ALTER TABLE old RENAME TO job;
  UPDATE meta SET version = 1`;

test(
  "tables of the first version are brought to the present one, those of a later one are left alone",
  bounded,
  async () => {
    const client = await connect("migrated");
    const job = await submitted(client, { agent: "chunks" });
    const frames = await toTheEnd(client, job);
    await worker.kill();
    for (const database of databases(client.id)) {
      database.exec(jobsOfVersion1);
      database.close();
    }
    await worker.start();
    const again = await resume(client, "migrated", 2);
    assert.deepEqual(
      (await toTheEnd(again, job)).map(({ id }) => id),
      frames.slice(2).map(({ id }) => id),
    );
    const next = await submitted(again, { agent: "echo", input: "and on" });
    const [{ event_seq: seq }] = await toTheEnd(again, next);
    assert.equal(seq, frames.at(-1).event_seq + 1);
    await worker.kill();
    for (const database of databases(client.id)) {
      assert.deepEqual(
        database
          .prepare("SELECT version FROM meta")
          .all()
          .map(({ version }) => version),
        [2],
      );
      database.exec("UPDATE meta SET version = 1000");
      database.close();
    }
    await worker.start();
    await assert.rejects(connect("migrated"));
    await logged(worker.log, /ERR_CONFIG.*newer version of arcgate \(1000\)/);
    await worker.kill();
    for (const database of databases(client.id)) {
      database.exec("UPDATE meta SET version = 2");
      database.close();
    }
    await worker.start();
    const last = await resume(again, "migrated", seq);
    assert.deepEqual((await jobs(last)).map(({ job_id: id }) => id).sort(), [job, next].sort());
    await last.close();
  },
);
