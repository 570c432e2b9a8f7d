// The embedded runtime over a storage that fails: what was told is still there, sessions end by 1012, and come back.

import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { session } from "../lib/arcp.mjs";
import { chance, seed } from "../lib/chance.mjs";
import { durableWorkerd } from "../lib/durable-workerd.mjs";
import { logged } from "../lib/logged.mjs";
import { Stage } from "./hub-kill/stage.mjs";

const RESTART = 1012;
const bounded = { timeout: 90_000 };

const start = () =>
  durableWorkerd(fileURLToPath(new URL("hub-faults/worker.js", import.meta.url)), {
    RUNTIME_HUB: "RuntimeHub",
    SMALL_HUB: "SmallHub",
  });

let worker;
before(async () => {
  worker = await start();
});
after(() => worker?.close());

const arm = (...faults) => fetch(`${worker.url}/faults`, { method: "POST", body: JSON.stringify(faults) });

/** How often a fault of this kind has come. */
const seen = ({ kind }) => worker.log.filter((line) => line === `fault: a ${kind}`).length;

/** Runs `harm(stage, random)` on a stage with jobs, and looks at what came of all. Gives how welcomed sockets ended. */
async function staged(t, harm, on = worker) {
  const number = seed();
  const random = chance(number);
  t.diagnostic(`ARCGATE_SEED=${number}`);
  const stage = new Stage({ worker: on, random });
  try {
    await harm(stage, random);
    await stage.settle();
    assert.deepEqual(await stage.faults(), []);
    t.diagnostic(stage.summary());
    return stage.closes;
  } catch (error) {
    error.message += `\nARCGATE_SEED=${number}\n${stage.hearsay()}\n${on.log.slice(-8).join("\n")}`;
    throw error;
  } finally {
    await stage.stop();
  }
}

for (const [name, plan] of Object.entries({
  "a write": (after) => [{ kind: "write", after }],
  "a commit": (after) => [{ kind: "commit", after }],
  "a write, and then the first look at what is there": (after) => [
    { kind: "write", after },
    { kind: "read", after: 1 },
  ],
})) {
  test(`${name} fails, again and again: nothing that was told is lost`, bounded, async (t) => {
    let closes;
    await staged(t, async (stage, random) => {
      for (let round = 1; round <= 6; round += 1) {
        stage.refill();
        const faults = plan(random.between(1, 120));
        const before = seen(faults.at(-1));
        stage.harmed();
        await arm(...faults);
        await stage.until(() => seen(faults.at(-1)) > before || stage.isQuiet(), `fault ${round}`);
        await arm();
      }
      // What was told and not written would be there until now.
      closes = stage.closes;
      await worker.kill();
      stage.harmed();
      await worker.start();
    });
    for (const fault of plan(1)) assert.ok(seen(fault) > 0, `a ${fault.kind} has failed`);
    assert.deepEqual([...new Set(closes.map(({ code }) => code))], [RESTART]);
  });
}

test("a storage that is slow loses nothing, and ends nothing", bounded, async (t) => {
  let closes;
  await staged(t, async (stage) => {
    await arm({ kind: "slow", after: 10 });
    stage.refill();
    await stage.until(() => stage.isQuiet() || stage.frames > 500, "events in spite of it");
    await arm();
    closes = stage.closes;
    // What was told while it was slow is on the disk.
    await worker.kill();
    stage.harmed();
    await worker.start();
  });
  await logged(worker.log, /^fault: a slow write$/);
  assert.deepEqual(closes, []);
});

test("an alarm that can't be set ends nothing", bounded, async (t) => {
  const closes = await staged(t, async (stage) => {
    await arm({ kind: "alarm", after: 1 });
    stage.refill();
  });
  assert.deepEqual(closes, []);
  await logged(worker.log, /^fault: an alarm$/);
});

test(
  "a store that is full by its cap refuses new jobs; what was told outlives the process, and makes room",
  bounded,
  async (t) => {
    const own = await start();
    t.after(() => own.close());
    const connect = (options) => session(`${own.socketUrl}/small/arcp`, "carol", options);
    const client = await connect();
    const numbered = [];
    const answerTo = async (id) => {
      for (;;) {
        const got = await client.next("answer");
        assert.ok(!got.closed, JSON.stringify(got));
        if (got.event_seq !== undefined) numbered.push(told(got));
        if (got.payload.request_id === id) return got;
      }
    };
    await answerTo(client.say("job.submit", { agent: "count", input: { to: 100, delayMs: 10 } }));
    let refused;
    for (let jobs = 0; refused === undefined; jobs += 1) {
      assert.ok(jobs < 100, "it is never full");
      const answer = await answerTo(client.say("job.submit", { agent: "echo", input: "x".repeat(10_000) }));
      if (answer.type !== "job.accepted") refused = answer.payload;
    }
    assert.deepEqual([refused.code, refused.retryable, refused.details.reason], ["INTERNAL_ERROR", true, "store_full"]);
    // What runs goes on, to its end.
    while (numbered.at(-1)[2].result !== 100) numbered.push(told(await client.next("the end of what runs")));
    await own.kill();
    await own.start();
    const back = await connect({ hello: { resume: client.resumption(0) } });
    const again = [];
    while (again.length < numbered.length) again.push(told(await back.next("what was told")));
    assert.deepEqual(again, numbered);
    back.say("session.ack", { last_processed_seq: numbered.length });
    back.say("job.submit", { agent: "echo", input: "there is room" });
    await back.until("job.accepted");
    await back.close();
  },
);

const told = ({ event_seq: seq, type, payload }) => [seq, type, payload];

test("a disk that is full: what was told is there when there is room again", bounded, async (t) => {
  const own = await start();
  t.after(() => own.close());
  const harm = async (stage) => {
    stage.refill();
    await stage.until(() => stage.frames > 200 || stage.isQuiet(), "something on the disk");
    await own.kill();
    stage.harmed();
    await own.start({ fileKiB: Math.ceil(largestFile(own.state) / 1024) + 64 });
    const before = stage.closes.length;
    while (stage.closes.length === before) {
      stage.refill();
      await stage.until(() => stage.closes.length > before || stage.isQuiet(), "the disk to be full");
    }
    await own.kill();
    stage.harmed();
    await own.start();
  };
  const closes = await staged(t, harm, own);
  // The others were ended by the one who killed it.
  assert.ok(closes.some(({ code }) => code === RESTART));
});

function largestFile(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Math.max(...files.map(({ parentPath, name }) => statSync(join(parentPath, name)).size));
}
