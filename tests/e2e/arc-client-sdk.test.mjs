// ArcClient against the ARC SDK's own servers in Python, and against the Worker with the provider's tokens.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { ArcClient, ArcgateError } from "../../pkg/entry.node.js";
import { endGroup, startGroup } from "../../scripts/setup/processes.mjs";
import { python } from "../../scripts/setup/python.mjs";
import { answering } from "../../scripts/start/worker.mjs";
import { freePort, startBoth } from "../lib/worker.mjs";

const scope = "arc.agent.caller arc.task.controller arc.chat.controller";
const script = fileURLToPath(new URL("arc_server.py", import.meta.url));

const peers = {};
let both;

before(async () => {
  const start = async (mode) => {
    const port = await freePort();
    const said = [];
    const child = startGroup(python, [script, String(port), mode], { onLine: (line) => said.push(line) });
    peers[mode] = { child, endpoint: `http://127.0.0.1:${port}/arc` };
    await answering(`http://127.0.0.1:${port}/health`, child, `the SDK's server (${mode})`, () => said.join("\n"));
  };
  await Promise.all([...["open", "guarded", "router"].map(start), startBoth().then((started) => (both = started))]);
});

after(() => Promise.all([...Object.values(peers).map(({ child }) => endGroup(child)), both?.close()]));

/** A client of one of the SDK's servers. */
const peer = (mode, token = "any", path = "") =>
  ArcClient.create({ endpoint: peers[mode].endpoint + path, requestAgent: "node-client", token });

/** A client of the Worker. */
const worker = (token, options = {}) =>
  ArcClient.create({ endpoint: `${both.origin}/arc`, requestAgent: "node-client", token, ...options });

async function fails(promise, code, arcCode) {
  const error = await promise.then(
    () => assert.fail("it succeeded"),
    (thrown) => thrown,
  );
  assert.ok(error instanceof ArcgateError, error?.stack);
  assert.deepEqual([error.code, error.arcCode], [code, arcCode], error.message);
  return error;
}

async function all(stream) {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
}

const contents = (events) => events.map(({ type, message }) => message?.parts[0].content ?? type);

for (const [mode, path] of [
  ["open", ""],
  ["router", "/"],
]) {
  test(`the SDK's server (${mode}) answers all nine methods`, async () => {
    const client = await peer(mode, "any", path);
    const common = { targetAgent: "echo", traceId: "trace-1" };
    const made = await client.task.create({ ...common, initialMessage: "hello", priority: "HIGH" });
    assert.equal(made.task.messages[0].parts[0].content, "hello");
    assert.equal((await client.chat.start({ ...common, initialMessage: "hi" })).chat.message.parts[0].content, "hi");
    const event = {
      taskId: "t1",
      event: "TASK_COMPLETED",
      timestamp: "2026-01-01T00:00:00Z",
      data: { status: "COMPLETED" },
    };
    const acknowledged = [
      await client.task.send({ ...common, taskId: "t1", message: "more" }),
      await client.task.subscribe({ ...common, taskId: "t1", callbackUrl: "https://me.example/cb" }),
      await client.task.notification({ ...common, ...event }),
      await client.chat.message({ ...common, chatId: "c1", message: "more" }),
      await client.chat.end({ ...common, chatId: "c1", reason: "over" }),
    ];
    for (const { success } of acknowledged) assert.equal(success, true);
    assert.deepEqual(JSON.parse(acknowledged[2].message), event);
    const missing = await fails(client.task.info({ ...common, taskId: "t9" }), "ERR_REMOTE", -42001);
    assert.ok(missing.details.status >= 400);
    await fails(client.task.cancel({ ...common, taskId: "t1" }), "ERR_REMOTE", -32603);
    await fails(client.task.create({ ...common, targetAgent: "nobody", initialMessage: "x" }), "ERR_REMOTE", -41001);
    await fails(client.call("agent.nothing", { ...common, params: {} }), "ERR_REMOTE", -32601);
  });

  test(`the SDK's server (${mode}) streams in each of its ways`, async () => {
    const client = await peer(mode, "any", path);
    const start = (how) =>
      client.chat.start({ targetAgent: "echo", initialMessage: "one two three", stream: true, metadata: { how } });
    const whole = await all(start("whole"));
    assert.deepEqual(contents(whole), ["one", "two", "three", "done"]);
    assert.deepEqual([whole[0].chatId, whole[3].status], ["c1", "ACTIVE"]);
    assert.deepEqual(contents(await all(start("no-done"))), ["one", "two", "three"]);
    for (const how of ["fails", "generator-fails"]) {
      const seen = [];
      const read = async () => {
        for await (const event of start(how)) seen.push(event);
      };
      const error = await fails(read(), "ERR_REMOTE", -43005);
      assert.match(error.message, /it broke/);
      assert.equal(seen.length, 3);
    }
    let count = 0;
    for await (const _ of start("for-ever")) {
      count += 1;
      if (count === 3) break;
    }
    const abort = new AbortController();
    const endless = await client.chat.start({
      targetAgent: "echo",
      initialMessage: "x",
      stream: true,
      metadata: { how: "for-ever" },
      signal: abort.signal,
    });
    await endless.next();
    abort.abort();
    await fails(endless.next(), "ERR_ABORTED");
  });
}

test("the SDK's router redirects /arc, and the token does not follow", async () => {
  const client = await peer("router");
  await fails(client.task.create({ targetAgent: "echo", initialMessage: "x" }), "ERR_PROTOCOL");
});

test("the SDK's server calls a token expired in its own way: one refresh, one execution", async () => {
  const tokens = ["old-1", "fresh-2"];
  const log = [];
  let current = tokens.shift();
  const manager = {
    async getToken({ forceRefresh } = {}) {
      if (forceRefresh) {
        log.push("refresh");
        current = tokens.shift() ?? current;
      }
      return current;
    },
    invalidate: (token) => void log.push(`invalidate ${token}`),
  };
  const client = await peer("guarded", manager);
  const { task } = await client.task.create({ targetAgent: "echo", initialMessage: "x" });
  assert.deepEqual(log, ["invalidate old-1", "refresh"]);
  assert.deepEqual(task.metadata, { executions: 1, token: "fresh-2" });
  const fixed = await peer("guarded", "old-9");
  const expired = await fails(
    fixed.task.create({ targetAgent: "echo", initialMessage: "x" }),
    "ERR_TOKEN_EXPIRED",
    -44001,
  );
  assert.ok(!expired.message.includes("old-9"));
  const wrong = await peer("guarded", "wrong-1");
  await fails(wrong.task.create({ targetAgent: "echo", initialMessage: "x" }), "ERR_UNAUTHENTICATED", -44001);
  // A missing scope makes the SDK's middleware trip over itself: a plain 500 that says nothing.
  const poor = await peer("guarded", "fresh-3");
  const scope = await fails(poor.chat.start({ targetAgent: "echo", initialMessage: "x" }), "ERR_REMOTE", undefined);
  assert.equal(scope.details.status, 500);
});

test("the Worker answers, with a token of the provider for each call", async () => {
  let asked = 0;
  const client = await worker(async () => {
    asked += 1;
    return both.idp.token({ scope, resource: `${both.origin}/arc` });
  });
  const { type, task } = await client.task.create({ targetAgent: "echo", initialMessage: "hello", traceId: "trace-1" });
  assert.deepEqual([type, task.status, task.messages[0].parts[0].content], ["task", "COMPLETED", "hello"]);
  const { chat } = await client.chat.start({ targetAgent: "echo", initialMessage: "hi", chatId: "c7" });
  assert.deepEqual([chat.chatId, chat.message.parts[0].content], ["c7", "hi"]);
  const counting = { role: "user", parts: [{ type: "DataPart", content: '{"to":3}', mimeType: "application/json" }] };
  const events = await all(client.chat.start({ targetAgent: "count", initialMessage: counting, stream: true }));
  assert.deepEqual(
    events.map(({ type }) => type),
    ["message", "message", "message", "message", "done"],
  );
  assert.equal(events[3].message.parts[0].content, "3");
  for (const [call, code] of [
    [() => client.task.send({ targetAgent: "echo", taskId: "t", message: "x" }), -42001],
    [() => client.task.info({ targetAgent: "echo", taskId: "t" }), -42001],
    [() => client.task.cancel({ targetAgent: "echo", taskId: "t" }), -42001],
    [() => client.task.subscribe({ targetAgent: "echo", taskId: "t", callbackUrl: "https://me.example/cb" }), -42001],
    [() => client.chat.message({ targetAgent: "echo", chatId: "c", message: "x", stream: true }), -43001],
    [() => client.chat.end({ targetAgent: "echo", chatId: "c" }), -43001],
    [() => client.task.create({ targetAgent: "nobody", initialMessage: "x" }), -41001],
    [() => client.call("no.such", { targetAgent: "echo", params: {} }), -32601],
  ]) {
    await fails(call(), "ERR_REMOTE", code);
  }
  const notification = {
    taskId: "t",
    event: "TASK_FAILED",
    timestamp: "2026-01-01T00:00:00Z",
    data: { status: "FAILED" },
  };
  const missing = await fails(
    client.task.notification({ targetAgent: "echo", ...notification }),
    "ERR_TOKEN_SCOPE",
    -44003,
  );
  assert.deepEqual(missing.details.requiredScopes.toSorted(), ["arc.agent.receiver", "arc.task.notify"]);
  assert.deepEqual(missing.details.providedScopes.toSorted(), scope.split(" ").toSorted());
  assert.equal(asked, 12);
});

test("the Worker calls a token expired: one refresh, one retry; and says what else is wrong", async () => {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: both.idp.issuer, aud: `${both.origin}/arc`, sub: "demo", client_id: "demo", scope };
  const expired = await both.idp.sign({ ...claims, iat: now - 400, exp: now - 100 });
  const fresh = await both.idp.sign({ ...claims, iat: now, exp: now + 300 });
  const given = [];
  const client = await worker(async () => {
    given.push(given.length ? fresh : expired);
    return given.at(-1);
  });
  const { task } = await client.task.create({ targetAgent: "echo", initialMessage: "x" });
  assert.equal(task.status, "COMPLETED");
  assert.equal(given.length, 2);
  given.length = 0;
  const events = await all(client.chat.start({ targetAgent: "count", initialMessage: '{"to":1}', stream: true }));
  assert.equal(events.at(-1).type, "done");
  assert.equal(given.length, 2);

  const call = (token) => worker(token).then((one) => one.task.create({ targetAgent: "echo", initialMessage: "x" }));
  const late = await fails(call(expired), "ERR_TOKEN_EXPIRED", -44004);
  assert.equal(late.details.status, 401);
  await fails(call(`${fresh.slice(0, -8)}AAAAAAAA`), "ERR_UNAUTHENTICATED", -44001);
  await fails(
    call(await both.idp.sign({ ...claims, aud: "https://elsewhere.example", iat: now, exp: now + 300 })),
    "ERR_UNAUTHENTICATED",
    -44001,
  );
  await fails(
    call(await both.idp.sign({ ...claims, scope: "arc.task.controller", iat: now, exp: now + 300 })),
    "ERR_TOKEN_SCOPE",
    -44003,
  );
});

test("a stream that the Worker cuts with its token ends with an error, and is not asked for again", async () => {
  const now = Math.floor(Date.now() / 1000);
  const short = await both.idp.sign({
    iss: both.idp.issuer,
    aud: `${both.origin}/arc`,
    sub: "demo",
    client_id: "demo",
    scope,
    iat: now - 60,
    exp: now - 22,
  });
  let asked = 0;
  const client = await worker(async () => {
    asked += 1;
    return short;
  });
  const seen = [];
  const read = async () => {
    const counting = { targetAgent: "count", initialMessage: '{"to":1000,"delayMs":100}', stream: true };
    for await (const event of client.chat.start(counting)) seen.push(event);
  };
  await fails(read(), "ERR_TOKEN_EXPIRED", -44004);
  assert.ok(seen.length > 0);
  assert.equal(asked, 1);
});
