// The ARCP SDK's own client against the Worker: the embedded runtime, with tokens of a real OpenID provider.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pythonClient, startRelay } from "../lib/arcp-peers.mjs";
import { startBoth } from "../lib/worker.mjs";

let both;
let relay;
let url;
let token;

before(async () => {
  both = await startBoth({ variables: { STATIC_TOKENS: { "tok-alice": "alice", "tok-bob": "bob" } } });
  url = `${both.origin.replace("http", "ws")}/arcp`;
  relay = await startRelay(Number(new URL(both.origin).port));
  token = await both.idp.token({ scope: "arc.agent.caller", resource: `${both.origin}/arcp` });
});

after(() => Promise.all([relay?.close(), both?.close()]));

const fine = (outcomes) => {
  for (const outcome of outcomes) assert.equal(outcome.error, undefined, JSON.stringify(outcome));
  return outcomes;
};

test("with a provider's token it submits, hears of the progress and gets the result", async () => {
  const [connected, submitted, , { events }, result] = fine(
    await pythonClient(
      { do: "connect", url, token },
      { do: "submit", agent: "count", input: { to: 3, delayMs: 5 }, traceId: "4bf92f3577b34da6a3ce929d0e0e4736" },
      { do: "frames", type: "job.result" },
      { do: "events" },
      { do: "result" },
      { do: "close" },
    ),
  );
  assert.ok(connected.features.includes("heartbeat"), JSON.stringify(connected.features));
  assert.deepEqual(connected.welcome.capabilities.agents.map(({ name }) => name).sort(), ["count", "echo"]);
  assert.equal(submitted.accepted.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  assert.deepEqual(
    events.filter(({ kind }) => kind === "progress").map(({ body }) => [body.current, body.total]),
    [
      [1, 3],
      [2, 3],
      [3, 3],
    ],
  );
  assert.deepEqual([result.finalStatus, result.result], ["success", 3]);
});

test("echo gives back what it got, several jobs at once", async () => {
  const values = [null, 0, "", "ü\u0000\u2028", [1, { a: null }], { deep: { er: [true, 1.5e3] } }, "x".repeat(50_000)];
  const outcomes = fine(
    await pythonClient(
      { do: "connect", url, token: "tok-alice" },
      values.map((input, n) => ({ do: "submit", agent: "echo", input, name: `j${n}` })),
      values.map((_, n) => ({ do: "result", job: `j${n}` })),
      { do: "close" },
    ),
  );
  assert.deepEqual(
    outcomes.slice(1 + values.length, -1).map(({ result }) => result),
    values,
  );
  assert.equal(outcomes.at(-1).code, 1000);
});

test("a wrong token is UNAUTHENTICATED to it, and so is an expired one", async () => {
  const now = Math.floor(Date.now() / 1000);
  const expired = await both.idp.sign({
    iss: both.idp.issuer,
    aud: `${both.origin}/arc`,
    sub: "demo",
    client_id: "demo",
    iat: now - 400,
    exp: now - 100,
  });
  for (const wrong of ["tok-eve", "", expired, token.slice(0, -6) + "AAAAAA"]) {
    const [outcome] = await pythonClient({ do: "connect", url, token: wrong });
    assert.deepEqual(
      [outcome.error, outcome.code, outcome.retryable],
      ["UnauthenticatedError", "UNAUTHENTICATED", false],
    );
  }
});

test("an unknown agent, a bad version and a conflicting key are refused with their codes", async () => {
  for (const [code, ...submits] of [
    ["AGENT_NOT_AVAILABLE", { agent: "nope" }],
    ["AGENT_VERSION_NOT_AVAILABLE", { agent: "echo@99" }],
    [
      "DUPLICATE_KEY",
      { agent: "echo", input: 1, idempotencyKey: "k" },
      { agent: "echo", input: 2, idempotencyKey: "k" },
    ],
  ]) {
    const outcomes = await pythonClient(
      { do: "connect", url, token: "tok-alice" },
      submits.map((submit) => ({ do: "submit", ...submit })),
      { do: "close" },
    );
    assert.equal(outcomes.at(-2).code, code);
  }
});

test("the same key gives the same job and its end again, to another session of the principal", async () => {
  const submit = { do: "submit", agent: "echo", input: { once: true }, idempotencyKey: "same" };
  const [, one, first, , two, second] = fine(
    await pythonClient(
      { do: "connect", url, token: "tok-alice" },
      submit,
      { do: "result" },
      { do: "connect", as: "later", url, token: "tok-alice" },
      { ...submit, as: "later", name: "again" },
      { do: "result", job: "again" },
    ),
  );
  assert.equal(one.job, two.job);
  assert.deepEqual(first.result, second.result);
});

test("a cancelled job ends for it, with no further word from the job, and the session lives on", async () => {
  const outcomes = await pythonClient(
    { do: "connect", url, token: "tok-alice" },
    { do: "submit", agent: "count", input: { to: 1000, delayMs: 20 } },
    { do: "events", count: 2 },
    { do: "cancel" },
    { do: "result" },
    { do: "submit", agent: "echo", input: "still here", name: "next" },
    { do: "result", job: "next" },
    { do: "close" },
  );
  const ended = outcomes[4];
  assert.ok(ended.finalStatus === "cancelled" || ended.code === "CANCELLED", JSON.stringify(ended));
  assert.equal(outcomes[6].result, "still here", JSON.stringify(outcomes));
});

test("it lists its jobs and nobody else's, page by page", async () => {
  const [, , , , , , page, rest, , others] = fine(
    await pythonClient(
      { do: "connect", url, token },
      { do: "submit", agent: "echo", input: 1 },
      { do: "result" },
      { do: "submit", agent: "count", input: { to: 100, delayMs: 60_000 }, name: "running" },
      { do: "connect", as: "bob", url, token: "tok-bob" },
      { do: "list", as: "bob" },
      { do: "list", limit: 1 },
      { do: "list" },
      { do: "cancel", job: "running" },
      { do: "list", as: "bob" },
    ),
  );
  assert.equal(page.jobs.length, 1);
  assert.ok(page.next_cursor);
  assert.ok(rest.jobs.length >= 2);
  assert.ok(rest.jobs.some(({ status, agent }) => status === "running" && agent.startsWith("count")));
  assert.deepEqual(others.jobs, []);
});

test("it subscribes from another session: what was and what comes", async () => {
  const outcomes = fine(
    await pythonClient(
      { do: "connect", url, token: "tok-alice" },
      { do: "connect", as: "watcher", url, token: "tok-alice" },
      { do: "submit", agent: "count", input: { to: 30, delayMs: 20 } },
      { do: "events", count: 2 },
      { do: "subscribe", as: "watcher", job: "job", name: "watched", history: true },
      { do: "frames", as: "watcher", type: "job.result" },
      { do: "result", job: "watched" },
    ),
  );
  // The SDK's client makes its handle a moment after job.subscribed, and drops what comes in between: so the frames count.
  const progress = outcomes[5].frames.filter(({ payload }) => payload.kind === "progress");
  assert.deepEqual(
    progress.map(({ payload }) => payload.body.current),
    Array.from({ length: 30 }, (_, i) => i + 1),
    "nothing is missing and nothing comes twice",
  );
  assert.deepEqual(
    progress.map(({ event_seq }) => event_seq),
    Array.from({ length: 30 }, (_, i) => i + 1),
    "in its own numbers",
  );
  assert.equal(outcomes[6].result, 30);
});

test("a stranger's job is to it as if it were not there", async () => {
  const outcomes = await pythonClient(
    { do: "connect", url, token: "tok-alice" },
    { do: "submit", agent: "count", input: { to: 100, delayMs: 60_000 } },
    { do: "connect", as: "bob", url, token: "tok-bob" },
    { do: "subscribe", as: "bob", job: "job", name: "stolen" },
    { do: "subscribe", as: "bob", job: "job_01JZZZZZZZZZZZZZZZZZZZZZZZ", name: "none" },
    { do: "cancel", as: "bob", job: "job" },
    { do: "list" },
    { do: "cancel" },
  );
  const [theirs, none] = [outcomes[3], outcomes[4]];
  assert.equal(theirs.code, "JOB_NOT_FOUND");
  assert.deepEqual([theirs.error, theirs.message, theirs.retryable], [none.error, none.message, none.retryable]);
  assert.ok(outcomes[6].jobs.some(({ status }) => status === "running"));
});

test("its connection dies: it resumes, hears all that it missed, and the token is another", async () => {
  const outcomes = fine(
    await pythonClient(
      { do: "connect", url: relay.url, token: "tok-alice" },
      { do: "submit", agent: "count", input: { to: 20, delayMs: 30 } },
      { do: "events", count: 3 },
      { do: "drop" },
      { do: "resume", as: "again", of: "it", url, token: "tok-alice" },
      { do: "frames", as: "again", type: "job.result" },
      { do: "close", as: "again" },
    ),
  );
  const [connected, , , { lastSeq }, resumed, { frames }] = outcomes;
  assert.equal(resumed.welcome.session_id, connected.welcome.session_id);
  assert.notEqual(resumed.welcome.resume_token, connected.welcome.resume_token);
  const numbers = frames.filter(({ event_seq }) => event_seq).map(({ event_seq }) => event_seq);
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => lastSeq + 1 + i),
  );
  const counted = frames
    .filter(({ payload }) => payload.kind === "progress")
    .map(({ payload }) => payload.body.current);
  assert.equal(counted.at(-1), 20);
  assert.equal(frames.at(-1).payload.result, 20);
});

test("a resume by another principal is refused and spends nothing", async () => {
  const outcomes = await pythonClient(
    { do: "connect", url, token: "tok-alice" },
    { do: "drop" },
    { do: "resume", as: "thief", of: "it", url, token: "tok-bob" },
    { do: "resume", as: "guess", of: "it", url, token: "tok-alice", resumeToken: "rtk_01JZZZZZZZZZZZZZZZZZZZZZZZ" },
    { do: "resume", as: "owner", of: "it", url, token: "tok-alice" },
  );
  assert.equal(outcomes[2].code, "RESUME_WINDOW_EXPIRED");
  assert.equal(outcomes[3].code, "RESUME_WINDOW_EXPIRED");
  assert.equal(outcomes[4].error, undefined, JSON.stringify(outcomes[4]));
});

test("the log of all this names principals and holds no token", () => {
  assert.ok(both.worker.log.some((line) => line.includes('"type":"arcp.') && line.includes("alice")));
  for (const line of both.worker.log) assert.doesNotMatch(line, /eyJ|tok-(alice|bob|eve)|rt_|rtk_/);
});
