// The repository's own Worker: a whole session through the gate to the built-in agents, as `npm start` and `npm run serve` give it.

import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
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
const bounded = { timeout: 180_000 };

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

/** A way to `url` on which what comes back can be left lying. */
async function valve(url) {
  const { port, pathname } = new URL(url);
  const pipes = [];
  const server = createServer((client) => {
    const worker = connect(Number(port), "127.0.0.1");
    // Without compression, in which all of it would fit into what lies between.
    client.once("data", (head) => {
      worker.write(head.toString("latin1").replace(/^sec-websocket-extensions:/im, "x-none:"), "latin1");
      client.pipe(worker);
    });
    worker.pipe(client);
    for (const socket of [client, worker]) socket.on("error", () => {});
    client.on("close", () => worker.destroy());
    pipes.push({ client, worker });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${server.address().port}${pathname}`,
    shut() {
      for (const { client, worker } of pipes) worker.unpipe(client).pause();
    },
    open() {
      for (const { client, worker } of pipes) worker.pipe(client);
    },
    close: () => server.close(),
  };
}

for (const features of [["progress"], ["progress", "ack"]])
  test(`what a client leaves lying waits with its job, and none of it is lost: ${features}`, bounded, async () => {
    const url = on("workerd serve");
    const way = await valve(url);
    const capabilities = { encodings: ["json"], features };
    const slow = await session(way.url, "tok-alice", { hello: { capabilities } });
    const to = 60_000;
    const job = await submitted(slow, { agent: "count", input: { to } });
    way.shut();
    // Another session of the same user sees the job come to a halt.
    const other = await session(url, "tok-alice");
    const look = async () => {
      other.say("session.list_jobs", {});
      return (await other.until("session.jobs")).payload.jobs.find(({ job_id: id }) => id === job);
    };
    for (let last, same = 0; same < 25; ) {
      const { status, last_event_seq: seq } = await look();
      assert.equal(status, "running", "it doesn't run to its end without a reader");
      same = seq === last ? same + 1 : 0;
      last = seq;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    way.open();
    const seen = [];
    for (;;) {
      const got = await slow.next();
      assert.ok(!got.closed, JSON.stringify(got.closed));
      if (got.event_seq === undefined) continue;
      seen.push(got.event_seq);
      if (got.event_seq % 500 === 0) slow.say("session.ack", { last_processed_seq: got.event_seq });
      if (got.type === "job.result") break;
    }
    assert.deepEqual(
      seen,
      Array.from({ length: to + 1 - seen[0] + 1 }, (_, index) => seen[0] + index),
    );
    assert.ok(seen[0] < 1000, "what came before the job was accepted");
    await slow.close();
    await other.close();
    way.close();
  });

test("a stolen resume token is worth nothing, and spends nothing", bounded, async () => {
  const url = on("wrangler");
  const alice = await session(url, "tok-alice");
  await alice.close();
  const resume = alice.resumption(0);
  await assert.rejects(session(url, "tok-bob", { hello: { resume } }), /RESUME_WINDOW_EXPIRED/);
  const again = await session(url, "tok-alice", { hello: { resume } });
  assert.equal(again.id, alice.id);
  await again.close();
});
