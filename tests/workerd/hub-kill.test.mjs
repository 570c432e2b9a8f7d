// The embedded runtime is killed, again and again, while its jobs run, and comes back on what it has written: every event that was
// told is still there, in its order and once, and every job has one end.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ArcpClient } from "../../pkg/entry.node.js";
import { chance, seed } from "../lib/chance.mjs";
import { durableWorkerd } from "../lib/durable-workerd.mjs";
import { Stage } from "./hub-kill/stage.mjs";

/** With more than some 60 a hub forgets its oldest jobs, and they are missed. */
const KILLS = Number(process.env.ARCGATE_KILLS ?? 20);
/** After so many frames at the most it is killed. */
const FRAMES = 500;
const bounded = { timeout: 60_000 + KILLS * 3000 };

const start = () =>
  durableWorkerd(fileURLToPath(new URL("hub-kill/worker.js", import.meta.url)), { RUNTIME_HUB: "RuntimeHub" });

let worker;
before(async () => {
  worker = await start();
});
after(() => worker?.close());

test("killed at random moments of 20 running jobs: every event is accounted for", bounded, async (t) => {
  const number = seed();
  const random = chance(number);
  t.diagnostic(`ARCGATE_SEED=${number}`);
  const stage = new Stage({ worker, random });
  try {
    for (let kill = 1; kill <= KILLS; kill += 1) {
      stage.refill();
      // Now and then while its sessions are only coming back.
      const moment = random.once(0.2) ? random.between(1, 8) : random.between(1, FRAMES);
      await stage.until(() => stage.frames >= moment || stage.isQuiet(), `frame ${moment} of life ${kill}`);
      await worker.kill();
      stage.harmed();
      await worker.start();
    }
    stage.refill();
    await stage.until(() => stage.frames >= FRAMES || stage.isQuiet(), "a life that nobody ends");
    await stage.settle();
    assert.deepEqual(await stage.faults(), []);
    t.diagnostic(stage.summary());
  } catch (error) {
    error.message += `\nARCGATE_SEED=${number}\n${stage.hearsay()}\n${worker.log.slice(-5).join("\n")}`;
    throw error;
  } finally {
    await stage.stop();
  }
});

test(
  "ArcpClient comes back by itself: what ended is there, what ran fails as what may be tried again",
  bounded,
  async () => {
    const told = [];
    const client = await ArcpClient.connect(`${worker.socketUrl}/arcp`, {
      client: { name: "test", version: "1" },
      auth: { scheme: "bearer", token: "carol" },
      onEvent: ({ type }) => told.push(type),
    });
    const { sessionId } = client;
    const once = { agent: "bursts", input: { to: 20, delayMs: 1 }, idempotencyKey: "once" };
    const done = await client.submit(once);
    const result = await done.result;
    for (let kill = 1; kill <= 3; kill += 1) {
      const cut = await client.submit({ agent: "endless", input: { delayMs: 2 } });
      const turns = [];
      let back;
      for await (const { body } of cut) {
        turns.push(body.value);
        if (turns.length === 20) back = worker.kill().then(() => worker.start());
      }
      // The client may be back before this is: it knows of nothing but the port.
      await back;
      assert.deepEqual(turns, upTo(turns.length), "each event once and in order, as far as it came");
      await assert.rejects(cut.result, ({ code, retryable, details }) => {
        assert.deepEqual([code, retryable, details.code], ["ERR_REMOTE", true, "INTERNAL_ERROR"]);
        return true;
      });
      assert.equal(client.sessionId, sessionId);
      const again = await client.submit(once);
      assert.deepEqual([again.id, await again.result], [done.id, result]);
    }
    assert.deepEqual([...new Set(told)].sort(), ["connecting", "open", "reconnecting", "resumed"]);
    const { jobs } = await client.listJobs();
    assert.deepEqual(jobs.map(({ status }) => status).sort(), ["error", "error", "error", "success"]);
    await client.close();
  },
);

test("a life that is closed while it comes back leaves nothing behind, and no failure", async () => {
  const own = await start();
  await own.kill();
  let isOver = false;
  own.start().then(() => {
    isOver = true;
  });
  await own.close();
  assert.ok(isOver, "its start went on after it was closed");
  assert.equal(await own.up(), false);
  await own.start();
  assert.equal(existsSync(own.state), false, "it came back after it was closed");
});

const upTo = (last) => Array.from({ length: last }, (_, index) => index + 1);
