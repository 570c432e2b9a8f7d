// Gateway mode: the Worker in front of the ARCP SDK's real runtime, which checks each user's assertion with its own
// JWTVerifier. Every user is still a user there, and no unauthenticated byte arrives.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { frame, hello, rawSocket, session, ulid } from "../lib/arcp.mjs";
import { pythonClient, received, startRelay, startRuntime } from "../lib/arcp-peers.mjs";
import { startWrangler } from "../lib/worker.mjs";

const secret = "a secret of at least thirty-two bytes";
const identity = { issuer: "https://gate.example", audience: "https://agents.example" };
const tokens = { "tok-alice": "alice", "tok-bob": "bob" };

let runtime;
let worker;
let relay;
let url;

before(async () => {
  runtime = await startRuntime({ jwt: { secret, ...identity } });
  worker = await startWrangler({
    STATIC_TOKENS: tokens,
    ARCP_UPSTREAM: runtime.http,
    UPSTREAM_AUTH: "assertion",
    UPSTREAM_KEY: secret,
    UPSTREAM_ISSUER: identity.issuer,
    UPSTREAM_AUDIENCE: identity.audience,
  });
  url = `${worker.url.replace("http", "ws")}/arcp`;
  relay = await startRelay(Number(new URL(worker.url).port));
});

after(async () => {
  await relay?.close();
  await worker?.close();
  await runtime?.close();
});

const connections = () => runtime.seen.filter(({ header }) => header).length;
const principals = () => runtime.seen.flatMap(({ principal }) => principal ?? []);
const long = { agent: "count", input: { to: 1000, delayMs: 60_000 } };

test("nothing of a stranger reaches the upstream: no connection, no byte", async () => {
  const before = connections();
  for (const frames of [
    [hello("tok-eve")],
    [hello(undefined)],
    [hello("x", { auth: { scheme: "none" } })],
    [hello("x", { auth: { scheme: "x-vendor.acme.key", token: "tok-alice" } })],
    [frame("job.submit", { agent: "echo", input: "unseen" })],
    ["{"],
    [hello("tok-eve", { resume: { session_id: `sess_${ulid()}`, resume_token: "rt_1", last_event_seq: 0 } })],
    [hello("tok-eve"), frame("job.submit", { agent: "echo", input: "unseen" })],
  ]) {
    const socket = await rawSocket(url);
    for (const each of frames) socket.send(each);
    const { code } = await socket.toEnd();
    assert.ok([4400, 4401].includes(code), `${code}`);
  }
  const silent = await rawSocket(url);
  await silent.close();
  assert.equal(connections(), before);
});

test("the upstream sees each user by the principal's key, an assertion and not the user's token", async () => {
  const alice = await session(url, "tok-alice");
  const bob = await session(url, "tok-bob");
  assert.deepEqual(new Set(principals()), new Set(["static||alice", "static||bob"]));
  const hellos = received(runtime).filter(({ type }) => type === "session.hello");
  for (const { payload } of hellos) {
    assert.match(payload.auth.token, /^eyJ/);
    const claims = JSON.parse(Buffer.from(payload.auth.token.split(".")[1], "base64url"));
    assert.ok(claims.exp - claims.iat <= 60, "at most a minute");
    assert.equal(claims.aud, identity.audience);
  }
  assert.ok(!JSON.stringify(runtime.seen).includes("tok-"), "the users' own tokens never arrive");
  await Promise.all([alice.close(), bob.close()]);
});

test("a whole session goes through: Python client, gate, Python runtime", async () => {
  const [connected, , { events }, counted, , { base64 }, , failed, , cancelled, page] = await pythonClient(
    { do: "connect", url, token: "tok-alice" },
    { do: "submit", agent: "count", input: { to: 3 } },
    { do: "events" },
    { do: "result" },
    { do: "submit", agent: "stream", input: { bytes: 200_000, size: 60_000 }, name: "s" },
    { do: "chunks", job: "s" },
    { do: "submit", agent: "fail", name: "f" },
    { do: "result", job: "f" },
    { do: "submit", agent: "slow", name: "l" },
    { do: "cancel", job: "l" },
    { do: "list" },
    { do: "result", job: "l" },
    { do: "close" },
  ).then((outcomes) => [...outcomes.slice(0, 9), outcomes[11], outcomes[10]]);
  assert.equal(connected.error, undefined, JSON.stringify(connected));
  assert.deepEqual(
    events.map(({ body }) => body.current),
    [1, 2, 3],
  );
  assert.equal(counted.result, 3);
  assert.equal(Buffer.from(base64, "base64").length, 200_000);
  assert.deepEqual([failed.code, failed.message, failed.retryable], ["INTERNAL_ERROR", "it broke", true]);
  assert.equal(cancelled.finalStatus, "cancelled", JSON.stringify(cancelled));
  assert.ok(page.jobs.length >= 4);
});

test("bob cannot list, observe, cancel, resume or by her key get alice's job", async () => {
  const alice = await session(url, "tok-alice");
  alice.say("job.submit", { ...long, idempotency_key: "hers" });
  const { job_id } = await alice.until("job.accepted");
  const bob = await session(url, "tok-bob");
  bob.say("session.list_jobs", {});
  assert.deepEqual((await bob.until("session.jobs")).payload.jobs, [], "list");
  for (const history of [true, false]) {
    const asked = bob.say("job.subscribe", { job_id, history }, { job_id });
    const answer = await bob.next();
    assert.equal(answer.type, "session.error", "observe");
    assert.equal(answer.payload.request_id, asked);
    // This runtime itself tells a job of somebody else from none at all: the gate makes one answer of both.
    const request_id = bob.say("job.subscribe", { job_id: "job_01J00000000000000000000000", history });
    const ofNone = await bob.next();
    assert.deepEqual([ofNone.type, ofNone.payload], [answer.type, { ...answer.payload, request_id }]);
    assert.equal(answer.payload.code, "JOB_NOT_FOUND");
  }
  bob.say("job.cancel", { reason: "mine now" }, { job_id });
  bob.say("job.submit", { ...long, idempotency_key: "hers" });
  const own = await bob.until("job.accepted");
  assert.notEqual(own.payload.job_id, job_id, "her key");
  alice.say("session.list_jobs", { filter: { status: ["running"] } });
  assert.ok(
    (await alice.until("session.jobs")).payload.jobs.some((job) => job.job_id === job_id),
    "cancel",
  );
  const resume = alice.resumption(0);
  await alice.close();
  for (const [token, changes] of [
    ["tok-bob", {}],
    ["tok-bob", { resume_token: resume.session_id.replace("sess_", "rtk_") }],
    ["tok-alice", { resume_token: resume.session_id.replace("sess_", "rtk_") }],
  ]) {
    const thief = await rawSocket(url);
    thief.send(hello(token, { resume: { ...resume, ...changes } }));
    const { frames, code } = await thief.toEnd();
    assert.deepEqual([frames.map(({ payload }) => payload.code), code], [["RESUME_WINDOW_EXPIRED"], 1000], "resume");
  }
  const again = await rawSocket(url);
  again.send(hello("tok-alice", { resume }));
  const welcome = await again.next("welcome");
  assert.equal(welcome.type, "session.welcome", `the failed tries spent nothing: ${JSON.stringify(welcome)}`);
  assert.equal(welcome.session_id, resume.session_id);
  again.send(frame("job.cancel", { reason: "done" }, { session_id: welcome.session_id, job_id }));
  bob.say("job.cancel", { reason: "done" }, { job_id: own.payload.job_id });
  await bob.until("job.result");
  await Promise.all([again.close(), bob.close()]);
});

test("a lost connection is resumed through the gate, and what was sent is not sent twice", async () => {
  const first = await session(relay.url, "tok-alice");
  first.say("job.submit", { agent: "gated", input: { name: "through", before: 4, after: 0 } });
  await first.until("job.accepted");
  const numbers = [];
  for (let n = 0; n < 2; n++) numbers.push((await first.until("job.event")).event_seq);
  relay.cut();
  await first.closed();
  let answer;
  let socket;
  // The upstream can resume only once it has noticed the loss, which the gate has told it by closing.
  for (let attempt = 0; attempt < 600 && answer?.type !== "session.welcome"; attempt++) {
    socket = await rawSocket(url);
    socket.send(hello("tok-alice", { resume: first.resumption(2) }));
    answer = await socket.next("welcome");
    if (answer.type !== "session.welcome") await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(answer.type, "session.welcome", JSON.stringify(answer));
  assert.equal(answer.session_id, first.id);
  assert.notEqual(answer.payload.resume_token, first.welcome.payload.resume_token);
  for (let n = 0; n < 2; n++) numbers.push((await socket.until("job.event")).event_seq);
  assert.deepEqual(numbers, [1, 2, 3, 4]);
  await socket.close();
});

test("the welcome has what all three can: nothing more", async () => {
  const socket = await session(url, "tok-alice", {
    hello: {
      capabilities: { encodings: ["json"], features: ["ack", "list_jobs", "x-vendor.acme.magic", "model.use"] },
    },
  });
  const { features } = socket.welcome.payload.capabilities;
  assert.ok(
    features.every((name) => ["ack", "list_jobs"].includes(name)),
    JSON.stringify(features),
  );
  const upstreamHello = received(runtime).findLast(({ type }) => type === "session.hello");
  assert.ok(!upstreamHello.payload.capabilities.features.includes("x-vendor.acme.magic"));
  await socket.close();
});

test("both sides are closed when either ends", async () => {
  const socket = await session(url, "tok-alice");
  const { connection } = runtime.seen.findLast((line) => line.in?.type === "session.hello");
  await socket.close();
  await runtime.when((line) => line.connection === connection && "closed" in line, "end upstream");
  const own = await startRuntime({ jwt: { secret, ...identity } });
  const gate = await startWrangler({
    STATIC_TOKENS: tokens,
    ARCP_UPSTREAM: own.http,
    UPSTREAM_AUTH: "assertion",
    UPSTREAM_KEY: secret,
    UPSTREAM_ISSUER: identity.issuer,
    UPSTREAM_AUDIENCE: identity.audience,
  });
  try {
    const gateUrl = `${gate.url.replace("http", "ws")}/arcp`;
    const client = await session(gateUrl, "tok-alice");
    await own.close();
    const { code } = await client.toEnd();
    assert.equal(code, 1012, "reconnect");
    const late = await rawSocket(gateUrl);
    late.send(hello("tok-alice"));
    const end = await late.toEnd();
    assert.equal(end.code, 1012, "the upstream is not there");
    assert.ok(end.frames.every(({ payload }) => payload.code === "INTERNAL_ERROR" && payload.retryable));
  } finally {
    await gate.close();
    await own.close();
  }
});

test("the gate's word against the runtime's: bytes that the runtime would take don't reach it", async () => {
  const socket = await session(url, "tok-alice");
  const before = received(runtime).length;
  socket.send(frame("session.ping", { nonce: "unseen", sent_at: "x" }, { session_id: `sess_${ulid()}` }));
  const { code } = await socket.toEnd();
  assert.equal(code, 4400);
  assert.ok(!JSON.stringify(received(runtime).slice(before)).includes("unseen"));
});

test("the gate's log holds no token and no assertion", () => {
  for (const line of worker.log) assert.doesNotMatch(line, /tok-(alice|bob|eve)|eyJ|rt_|rtk_/);
});
