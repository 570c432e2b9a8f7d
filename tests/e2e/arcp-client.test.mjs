// ArcpClient against the ARCP SDK's real runtime: `arcp serve`, an ARCPRuntime with agents that stream, fail and run long,
// and the same behind the gate.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { ArcgateError, ArcpClient } from "../../pkg/entry.node.js";
import { startRelay, startRuntime, startServe } from "../lib/arcp-peers.mjs";
import { startWrangler } from "../lib/worker.mjs";

const secret = "a secret of at least thirty-two bytes";
const identity = { issuer: "https://gate.example", audience: "https://agents.example" };
const peers = {};
let served;
let behind;
let worker;

before(async () => {
  const [direct, jwt, serve] = await Promise.all([
    startRuntime({ tokens: { "tok-alice": "alice", "tok-bob": "bob" } }),
    startRuntime({ jwt: { secret, ...identity } }),
    startServe(),
  ]);
  peers.direct = { runtime: direct, url: direct.url };
  behind = jwt;
  served = serve;
  worker = await startWrangler({
    STATIC_TOKENS: { "tok-alice": "alice", "tok-bob": "bob" },
    ARCP_UPSTREAM: jwt.http,
    UPSTREAM_AUTH: "assertion",
    UPSTREAM_KEY: secret,
    UPSTREAM_ISSUER: identity.issuer,
    UPSTREAM_AUDIENCE: identity.audience,
  });
  peers.gateway = { runtime: jwt, url: `${worker.url.replace("http", "ws")}/arcp` };
});

after(async () => {
  await Promise.all([worker?.close(), served?.close(), behind?.close(), peers.direct?.runtime.close()]);
});

const opened = new Set();

async function connect(url, token = "tok-alice", options = {}) {
  const auth = { scheme: "bearer", token };
  const client = await ArcpClient.connect(url, { client: { name: "e2e", version: "1" }, auth, ...options });
  opened.add(client);
  return client;
}

// One that a failed test left open would come back for ever.
afterEach(async () => {
  await Promise.all([...opened].map((client) => client.close()));
  opened.clear();
});

async function fails(promise, code, peerCode) {
  const error = await promise.then(
    () => assert.fail("it succeeded"),
    (thrown) => thrown,
  );
  assert.ok(error instanceof ArcgateError, error?.stack);
  assert.equal(error.code, code, error.message);
  if (peerCode) assert.equal(error.details?.code, peerCode, error.message);
  return error;
}

async function all(job) {
  const events = [];
  for await (const event of job) events.push(event);
  return events;
}

const within = (promise, ms = 60_000) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

test("arcp serve: an echo, and a refusal", async () => {
  const client = await connect(served.url);
  assert.equal(client.runtime.name, "arcp-cli");
  assert.equal(client.state, "open");
  const job = await client.submit({ agent: "echo", input: { text: "hi" } });
  const events = await within(all(job));
  assert.deepEqual(
    events.map(({ kind, body }) => [kind, body.message]),
    [["log", "echo started"]],
  );
  assert.deepEqual(await job.result, { echoed: { text: "hi" } });
  await client.close();
  assert.equal(client.state, "closed");
  await fails(connect(served.url, "tok-eve"), "ERR_UNAUTHENTICATED");
});

for (const name of ["direct", "gateway"]) {
  const peer = () => peers[name];

  test(`${name}: progress and a result`, async () => {
    const client = await connect(peer().url);
    const job = await client.submit({ agent: "count", input: { to: 4 }, traceId: "4bf92f3577b34da6a3ce929d0e0e4736" });
    const events = await within(all(job));
    assert.deepEqual(
      events.map(({ kind, body }) => [kind, body.current, body.total]),
      [1, 2, 3, 4].map((n) => ["progress", n, 4]),
    );
    assert.equal(await job.result, 4);
    assert.ok(client.agents.some((agent) => agent.name === "versioned" && agent.default === "2.0.0"));
    await client.close();
  });

  test(`${name}: a result of null, a pinned version, every kind of event`, async () => {
    const client = await connect(peer().url);
    const nothing = await client.submit({ agent: "echo", input: null });
    assert.ok([null, undefined].includes(await within(nothing.result)));
    const pinned = await client.submit({ agent: "versioned@1.0.0", input: 1 });
    assert.equal(pinned.agent, "versioned@1.0.0");
    assert.equal(await within(pinned.result), 1);
    const kinds = await client.submit({ agent: "kinds", leaseRequest: { "cost.budget": ["USD:5.00"] } });
    const seen = (await within(all(kinds))).map(({ kind }) => kind);
    assert.deepEqual(seen, [
      "log",
      "thought",
      "status",
      "metric",
      "metric",
      "tool_call",
      "tool_result",
      "progress",
      "artifact_ref",
      "delegate",
      "x-vendor.acme.mood",
    ]);
    assert.equal(await kinds.result, "done");
    await client.close();
  });

  test(`${name}: chunks are put together`, async () => {
    const client = await connect(peer().url);
    const text = await client.submit({ agent: "stream", input: { text: ["ab", "ç", "", "😀z"] } });
    assert.equal(await within(text.result), "abç😀z");
    const bytes = await client.submit({ agent: "stream", input: { bytes: 300_000, size: 70_001 } });
    const whole = await within(bytes.result);
    assert.ok(whole instanceof Uint8Array);
    assert.equal(whole.length, 300_000);
    assert.ok(whole.every((byte, n) => byte === n % 256));
    await client.close();
  });

  test(`${name}: failures have the peer's code`, async () => {
    const client = await connect(peer().url);
    const broken = await client.submit({ agent: "fail" });
    const error = await fails(within(broken.result), (await broken.result.catch((e) => e)).code, "INTERNAL_ERROR");
    assert.equal(error.retryable, true);
    const refused = await client.submit({ agent: "fail", input: { code: "INVALID_REQUEST" } });
    const second = await within(refused.result.catch((thrown) => thrown));
    assert.deepEqual([second.details.code, second.retryable], ["INVALID_REQUEST", false]);
    const absent = await within(client.submit({ agent: "nope" }).catch((thrown) => thrown));
    assert.equal(absent.details.code, "AGENT_NOT_AVAILABLE");
    const late = await client.submit({ agent: "slow", maxRuntimeSec: 1 });
    const timeout = await within(late.result.catch((thrown) => thrown));
    assert.equal(timeout.details.code, "TIMEOUT");
    const still = await client.submit({ agent: "echo", input: "still here" });
    assert.equal(await within(still.result), "still here");
    await client.close();
  });

  test(`${name}: a long job is cancelled`, async () => {
    const client = await connect(peer().url);
    const job = await client.submit({ agent: "slow", input: { ticks: 20 } });
    let seen = 0;
    for await (const event of job) {
      if (event.kind === "progress" && ++seen === 3) await job.cancel("enough");
    }
    const error = await within(job.result.catch((thrown) => thrown));
    assert.ok(error instanceof ArcgateError);
    assert.equal(error.details.code, "CANCELLED");
    assert.equal(error.retryable, false);
    await client.close();
  });

  test(`${name}: jobs are listed, and watched from another session`, async () => {
    const [client, watcher, stranger] = await Promise.all([
      connect(peer().url),
      connect(peer().url),
      connect(peer().url, "tok-bob"),
    ]);
    const job = await client.submit({ agent: "gated", input: { name: `watch-${name}`, before: 2, after: 3 } });
    const page = await within(watcher.listJobs());
    const listed = page.jobs.find((entry) => (entry.id ?? entry.jobId ?? entry.job_id) === job.id);
    assert.ok(listed, JSON.stringify(page));
    const watched = await within(watcher.subscribe(job.id, { history: true }));
    assert.equal((await within(stranger.listJobs())).jobs.length, 0);
    const denied = await within(stranger.subscribe(job.id).catch((thrown) => thrown));
    assert.ok(denied instanceof ArcgateError);
    const opener = await client.submit({ agent: "gated", input: { name: `watch-${name}`, open: true } });
    assert.equal(await within(opener.result), "opened");
    const counts = (events) => events.map(({ body }) => body.current);
    assert.deepEqual(counts(await within(all(job))), [1, 2, 3, 4, 5]);
    assert.deepEqual(counts(await within(all(watched))), [1, 2, 3, 4, 5]);
    assert.equal(await within(watched.result), 5);
    await Promise.all([client.close(), watcher.close(), stranger.close()]);
  });

  test(`${name}: the network goes: it comes back by itself, and goes on`, async () => {
    const relay = await startRelay(Number(new URL(peer().url).port));
    try {
      const events = [];
      let resumed;
      const back = new Promise((resolve) => {
        resumed = resolve;
      });
      const onEvent = ({ type }) => {
        events.push(type);
        if (type === "resumed") resumed();
      };
      const client = await connect(relay.url, "tok-alice", { onEvent });
      const id = client.sessionId;
      const first = await client.submit({ agent: "count", input: { to: 3 } });
      assert.equal(await within(first.result), 3);
      relay.cut();
      await within(back);
      assert.equal(client.sessionId, id);
      const second = await client.submit({ agent: "count", input: { to: 2 } });
      assert.deepEqual(
        (await within(all(second))).map(({ body }) => body.current),
        [1, 2],
      );
      assert.equal(await within(second.result), 2);
      assert.ok(events.includes("reconnecting"));
      await client.close();
    } finally {
      await relay.close();
    }
  });

  test(`${name}: what this runtime loses with a connection is not waited for in vain`, async () => {
    const relay = await startRelay(Number(new URL(peer().url).port));
    try {
      const client = await connect(relay.url);
      const job = await client.submit({ agent: "gated", input: { name: `lost-${name}`, before: 2, after: 2 } });
      const seen = [];
      const reading = (async () => {
        for await (const { body } of job) seen.push(body.current);
      })().catch(() => {});
      relay.cut();
      const opener = await connect(peer().url);
      await within((await opener.submit({ agent: "gated", input: { name: `lost-${name}`, open: true } })).result);
      // Its result, or an error that says that it was lost; and no number twice or out of order.
      const end = await within(
        job.result.catch((thrown) => thrown),
        120_000,
      );
      assert.ok(end === 4 || end instanceof ArcgateError, `${end}`);
      await within(reading);
      assert.deepEqual(seen, [...new Set(seen)].sort());
      await Promise.all([client.close(), opener.close()]);
    } finally {
      await relay.close();
    }
  });
}
