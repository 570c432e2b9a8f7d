// ArcpClient against the Worker's own agents, through a network that fails: each event once and in order, over cut
// connections, tokens that end, and a server that is killed and comes back.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { ArcgateError, ArcpClient } from "../../pkg/entry.node.js";
import { startRelay } from "../lib/arcp-peers.mjs";
import { startBoth, startWrangler } from "../lib/worker.mjs";

const bounded = { timeout: 90_000 };
const STATIC_TOKENS = { "tok-alice": "alice", "tok-bob": "bob" };
let both;
let relay;
const opened = new Set();

before(async () => {
  both = await startBoth({ variables: { STATIC_TOKENS } });
  relay = await startRelay(Number(new URL(both.origin).port));
});

after(() => Promise.all([relay?.close(), both?.close()]));

afterEach(async () => {
  await Promise.all([...opened].map((client) => client.close()));
  opened.clear();
});

/** A client, and the types of its events so far. */
async function connect(url, token = "tok-alice", options = {}) {
  const seen = [];
  const client = await ArcpClient.connect(url, {
    client: { name: "e2e", version: "1" },
    auth: { scheme: "bearer", token },
    reconnect: { maxDelayMs: 300 },
    onEvent: (event) => seen.push(event.type),
    ...options,
  });
  opened.add(client);
  return { client, seen };
}

/** The numbers of a count, as they come; `at(n)` is called behind each. */
async function counted(job, at = () => {}) {
  const numbers = [];
  for await (const { kind, body } of job) {
    if (kind !== "progress") continue;
    numbers.push(body.current);
    await at(body.current);
  }
  return numbers;
}

const upTo = (n) => Array.from({ length: n }, (_, i) => i + 1);

test("four cuts while a job runs: each event once, in order, and the result", bounded, async () => {
  const { client, seen } = await connect(relay.url);
  const id = client.sessionId;
  const job = await client.submit({ agent: "count", input: { to: 200, delayMs: 10 } });
  const numbers = await counted(job, (n) => {
    if ([20, 60, 100, 140].includes(n)) relay.cut();
  });
  assert.deepEqual(numbers, upTo(200));
  assert.equal(await job.result, 200);
  assert.equal(client.sessionId, id);
  assert.ok(seen.filter((type) => type === "resumed").length >= 3, seen.join());
  assert.ok(!seen.includes("lost"), seen.join());
});

test("several jobs at once, cut again and again: each its own events and its own result", bounded, async () => {
  const { client } = await connect(relay.url);
  const jobs = await Promise.all(
    upTo(5).map((n) =>
      client.submit({ agent: "count", input: { to: 40 + n, delayMs: 8 }, idempotencyKey: `many-${n}` }),
    ),
  );
  // By what has come, and not by the clock: each connection comes to something before it is cut.
  let seen = 0;
  const cutting = () => ++seen % 25 === 0 && relay.cut();
  const all = await Promise.all(jobs.map((job) => counted(job, cutting)));
  assert.deepEqual(
    all,
    upTo(5).map((n) => upTo(40 + n)),
  );
  assert.deepEqual(
    await Promise.all(jobs.map((job) => job.result)),
    upTo(5).map((n) => 40 + n),
  );
});

test(
  "tokens that end while a job runs: the session moves on, and the application does not notice",
  bounded,
  async () => {
    let given = 0;
    const token = async () => {
      given++;
      const now = Math.floor(Date.now() / 1000);
      const scope = "arc.agent.caller";
      const claims = { iss: both.idp.issuer, aud: `${both.origin}/arc`, sub: "demo", client_id: "demo", scope };
      return both.idp.sign({ ...claims, iat: now - 1, exp: now + 7, jti: `short-${given}` });
    };
    const { client, seen } = await connect(relay.url, token);
    const job = await client.submit({ agent: "count", input: { to: 150, delayMs: 100 } });
    assert.deepEqual(await counted(job), upTo(150));
    assert.equal(await job.result, 150);
    assert.ok(given >= 3, `${given} tokens`);
    assert.ok(seen.includes("tokenRefreshed"), seen.join());
    assert.ok(!seen.includes("reconnecting") && !seen.includes("lost"), seen.join());
  },
);

test("a subscriber sees the same, over its own cuts", bounded, async () => {
  const { client } = await connect(`${both.origin.replace("http", "ws")}/arcp`);
  const { client: watcher } = await connect(relay.url);
  const job = await client.submit({ agent: "count", input: { to: 80, delayMs: 10 } });
  await job[Symbol.asyncIterator]().next();
  const watched = await watcher.subscribe(job.id, { history: true });
  const numbers = await counted(watched, (n) => {
    if (n === 30 || n === 60) relay.cut();
  });
  assert.deepEqual(numbers, upTo(80));
  assert.equal(await watched.result, 80);
});

test("a job is cancelled, listed, and nobody else's business", bounded, async () => {
  const { client } = await connect(relay.url);
  const { client: stranger } = await connect(relay.url, "tok-bob");
  const job = await client.submit({ agent: "count", input: { to: 1000, delayMs: 1000 } });
  assert.ok((await client.listJobs()).jobs.some(({ id, status }) => id === job.id && status === "running"));
  assert.deepEqual((await stranger.listJobs()).jobs, []);
  const [denied, absent] = await Promise.all(
    [job.id, "job_01JZZZZZZZZZZZZZZZZZZZZZZZ"].map((id) => stranger.subscribe(id).catch((thrown) => thrown)),
  );
  assert.ok(denied instanceof ArcgateError);
  assert.deepEqual(
    [denied.code, denied.message, denied.details.code],
    [absent.code, absent.message, absent.details.code],
  );
  await job.cancel("enough");
  const end = await job.result.catch((thrown) => thrown);
  assert.equal(end.details.code, "CANCELLED");
});

test("a server that is killed and comes back: what is lost is told, and the session goes on", bounded, async () => {
  const variables = { STATIC_TOKENS };
  let worker = await startWrangler(variables);
  const { port } = worker;
  try {
    const { client, seen } = await connect(`ws://127.0.0.1:${port}/arcp`);
    const first = client.sessionId;
    const job = await client.submit({ agent: "count", input: { to: 1000, delayMs: 1000 } });
    await worker.close();
    worker = await startWrangler(variables, { port });
    const lost = await job.result.catch((thrown) => thrown);
    assert.ok(lost instanceof ArcgateError, String(lost));
    const echo = await client.submit({ agent: "echo", input: "again" });
    assert.equal(await echo.result, "again");
    assert.ok(seen.includes("lost") || client.sessionId === first, seen.join());
  } finally {
    await worker.close();
  }
});
