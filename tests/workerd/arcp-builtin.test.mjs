// The repository's own Worker: a whole session through the gate to the built-in agents, as `npm start` and `npm run serve` give it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { session } from "../lib/arcp.mjs";
import { startWrangler } from "../lib/worker.mjs";
import { startServe } from "../lib/workerd.mjs";

const starts = { wrangler: startWrangler, "workerd serve": startServe };
const workers = [];

before(async () => {
  for (const [name, start] of Object.entries(starts)) {
    const worker = await start({ STATIC_TOKENS: { "tok-alice": "alice", "tok-bob": "bob" } });
    workers.push({ name, worker, url: `${worker.url.replace("http", "ws")}/arcp` });
  }
});

after(() => Promise.all(workers.map(({ worker }) => worker.close())));

const on = (name) => workers.find((one) => one.name === name).url;
const bounded = { timeout: 60_000 };

async function submitted(client, payload) {
  client.say("job.submit", payload);
  return (await client.until("job.accepted")).job_id;
}

for (const name of Object.keys(starts))
  test(`${name}: connect, submit, progress, result, cancel, drop and resume`, bounded, async () => {
    const url = on(name);
    const first = await session(url, "tok-alice");
    const { capabilities, heartbeat_interval_sec: interval } = first.welcome.payload;
    assert.deepEqual(
      capabilities.agents.map(({ name }) => name),
      ["echo", "count"],
    );
    assert.equal(interval, 30);
    assert.ok(capabilities.features.includes("heartbeat") && capabilities.features.includes("progress"));
    const echo = await submitted(first, { agent: "echo", input: { a: 1 } });
    const echoed = await first.until("job.result");
    assert.deepEqual([echoed.job_id, echoed.payload.result], [echo, { a: 1 }]);

    const job = await submitted(first, { agent: "count", input: { to: 30, delayMs: 25 } });
    const seen = [];
    while (seen.length < 4) seen.push(await first.until("job.event"));
    await first.close();
    const second = await session(url, "tok-alice", { hello: { resume: first.resumption(seen.at(-1).event_seq) } });
    assert.equal(second.id, first.id);
    const result = await second.until("job.result", (frame) => seen.push(frame));
    const steps = seen.filter(({ job_id: id }) => id === job).map(({ payload }) => payload.body.current);
    assert.deepEqual(
      steps,
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    assert.equal(result.payload.result, 30);

    const long = await submitted(second, { agent: "count", input: { to: 100_000, delayMs: 25 } });
    await second.until("job.event");
    second.say("job.cancel", { reason: "enough" }, { job_id: long });
    await second.until("job.cancelled");
    const end = await second.until("job.error");
    assert.deepEqual([end.job_id, end.payload.code, end.payload.final_status], [long, "CANCELLED", "cancelled"]);
    second.say("session.close");
    await second.until("session.closed");
    assert.equal((await second.closed()).code, 1000);
  });

test("a stolen resume token is worth nothing, and spends nothing", bounded, async () => {
  const url = on("wrangler");
  const alice = await session(url, "tok-alice");
  await alice.close();
  const resume = alice.resumption(0);
  await assert.rejects(session(url, "tok-bob", { hello: { resume } }), /RESUME_WINDOW_EXPIRED/);
  const again = await session(url, "tok-alice", { hello: { resume } });
  assert.equal(again.id, alice.id);
  again.close();
});
