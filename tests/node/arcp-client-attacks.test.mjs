// What a hostile runtime tries on ArcpClient, on real sockets: it gets the token that is meant for it, once, and nothing else;
// the client ends with a clear error, in bounded memory, and the next one works.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, afterEach, before, test } from "node:test";
import { ArcgateError, ArcpClient } from "../../pkg/entry.node.js";
import { frame } from "../lib/arcp.mjs";
import { startRuntime } from "../lib/scripted-runtime.mjs";

const secret = "tok-very-secret";
const bounded = { timeout: 30_000 };
let runtime;
const opened = new Set();

before(async () => {
  runtime = await startRuntime({ greets: false });
});

after(() => runtime?.close());

afterEach(async () => {
  await Promise.all([...opened].map((client) => client.close()));
  opened.clear();
});

/** A client under way; `token` may count its calls. */
function connect(options = {}, url = runtime.url) {
  const auth = { scheme: "bearer", token: secret };
  const client = ArcpClient.connect(url, { client: { name: "victim", version: "1" }, auth, ...options });
  client.then(
    (made) => opened.add(made),
    () => {},
  );
  return client;
}

async function error(promise) {
  const thrown = await promise.then(
    () => assert.fail("it succeeded"),
    (reason) => reason,
  );
  assert.ok(thrown instanceof ArcgateError, thrown?.stack);
  assert.doesNotMatch(
    JSON.stringify([thrown.message, thrown.details, String(thrown.stack), String(thrown.cause)]),
    /very-secret/,
  );
  return thrown;
}

/** A client and the runtime's end of its open session. */
async function open(options) {
  const client = connect(options);
  const behind = await runtime.next();
  await behind.next("hello");
  behind.welcome();
  return [await client, behind];
}

test("a token goes over wss:// or to this machine, and never into a URL", bounded, async () => {
  for (const url of [
    "ws://agents.example/arcp",
    "ws://127.0.0.1.evil.example/arcp",
    "ws://localhost.evil.example/arcp",
    "ws://10.0.0.1/arcp",
    "http://127.0.0.1/arcp",
    "wss://user:pass@agents.example/arcp",
    "wss://agents.example/arcp?token=abc",
    "wss://agents.example/arcp?x=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "wss://agents.example/arcp#fragment",
    "arcp",
    "",
  ]) {
    assert.equal((await error(connect({}, url))).code, "ERR_CONFIG", url);
  }
});

test("a redirect is not followed: the token stays here", bounded, async () => {
  let asked = 0;
  const elsewhere = await startRuntime({ onUpgrade: () => void (asked += 1) });
  const lure = createServer();
  lure.on("upgrade", (_request, socket) => {
    socket.end(`HTTP/1.1 302 Found\r\nLocation: ${elsewhere.url.replace("ws", "http")}\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise((resolve) => lure.listen(0, "127.0.0.1", resolve));
  try {
    const failure = await error(connect({}, `ws://127.0.0.1:${lure.address().port}/arcp`));
    assert.equal(failure.code, "ERR_NETWORK");
    assert.equal(asked, 0);
  } finally {
    await Promise.all([elsewhere.close(), new Promise((resolve) => lure.close(resolve))]);
  }
});

test("the token is in the hello and nowhere else: no header, no path, no subprotocol", bounded, async () => {
  const [client, behind] = await open();
  assert.equal(behind.hello.payload.auth.token, secret);
  assert.doesNotMatch(JSON.stringify(behind.headers) + behind.path, /very-secret/);
  assert.equal(behind.headers["sec-websocket-protocol"], undefined);
  const job = client.submit({ agent: "echo", input: 1 });
  await behind.next("submit");
  assert.equal(behind.texts.filter((text) => text.includes(secret)).length, 1, "shown once");
  behind.say("session.error", { code: "INVALID_REQUEST", message: secret, retryable: false });
  await error(job).catch((failure) => assert.match(failure.message, /very-secret/, "only if the peer itself says it"));
});

test("4401 for ever: one more try with a fresh token, then it is final", bounded, async () => {
  let asked = 0;
  const token = async () => `${secret}-${++asked}`;
  const client = connect({ auth: { scheme: "bearer", token } });
  const seen = [];
  for (let n = 0; n < 2; n++) {
    const behind = await runtime.next();
    seen.push((await behind.next("hello")).payload.auth.token);
    behind.socket.close(4401, "no");
  }
  assert.equal((await error(client)).code, "ERR_UNAUTHENTICATED");
  assert.deepEqual(seen, [`${secret}-1`, `${secret}-2`]);
});

test("no other scheme is tried because a runtime asks for one", bounded, async () => {
  const client = connect();
  const behind = await runtime.next();
  await behind.next("hello");
  behind.say("session.error", {
    code: "UNAUTHENTICATED",
    message: "use scheme none",
    retryable: true,
    details: { schemes: ["none"] },
  });
  assert.equal((await error(client)).code, "ERR_UNAUTHENTICATED");
  assert.equal(behind.texts.length, 1);
});

test("a welcome before the hello opens nothing", bounded, async () => {
  const early = await startRuntime({ greets: false });
  try {
    const client = connect({ handshakeTimeoutMs: 1000 }, early.url);
    const behind = await early.next();
    behind.welcome();
    await behind.next("hello");
    // Whether it was looked at or not: the session counts from the answer to the hello.
    behind.welcome({}, "sess_real");
    const made = await client.catch((failure) => failure);
    if (made instanceof ArcgateError) assert.match(made.code, /^ERR_(PROTOCOL|HANDSHAKE_TIMEOUT|NETWORK)$/);
    else assert.equal(made.state, "open");
  } finally {
    await early.close();
  }
});

test("a runtime that says nothing, or anything, instead of a welcome", bounded, async () => {
  const answers = {
    ERR_HANDSHAKE_TIMEOUT: [() => {}, (behind) => behind.say("session.pong", {})],
    ERR_PROTOCOL: [
      (behind) => behind.send("{"),
      (behind) => behind.send("[]"),
      (behind) => behind.send(Buffer.from("{}")),
      (behind) => behind.send(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`),
      (behind) => behind.send(JSON.stringify(frame("session.welcome", {})).replace('"1.1"', '"1.1","arcp":"1.1"')),
      (behind) => behind.say("session.welcome", {}),
      (behind) => behind.say("session.welcome", { runtime: { name: "x", version: "1" } }),
    ],
  };
  for (const [code, list] of Object.entries(answers)) {
    const options = { handshakeTimeoutMs: code === "ERR_HANDSHAKE_TIMEOUT" ? 1000 : 30_000, reconnect: false };
    for (const answer of list) {
      const client = connect(options);
      const behind = await runtime.next();
      await behind.next("hello");
      answer(behind);
      assert.equal((await error(client)).code, code, String(answer));
    }
  }
});

test("answers nobody asked for, events of unknown jobs and odd members change nothing", bounded, async () => {
  const [client, behind] = await open();
  behind.say("job.accepted", { job_id: "job_x", request_id: "nobody" });
  behind.say("session.jobs", { request_id: "nobody", jobs: [{ job_id: "x" }] });
  behind.say("job.subscribed", { request_id: "nobody", job_id: "job_x" });
  behind.say("job.cancelled", { job_id: "job_x" });
  behind.say("job.unheard", {});
  const submitted = client.submit({ agent: "echo", input: 1 });
  const { id } = await behind.next("submit");
  const payload = `{"job_id":"job_1","agent":"echo","accepted_at":"x","request_id":"${id}","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`;
  behind.send(
    JSON.stringify(frame("job.accepted", 0, { job_id: "job_1", session_id: behind.sessionId })).replace(
      '"payload":0',
      `"payload":${payload}`,
    ),
  );
  const job = await submitted;
  assert.equal({}.polluted, undefined);
  behind.say(
    "job.event",
    { kind: "__proto__", ts: "x", body: { __proto__: null, polluted: 1 } },
    { job_id: "job_1", event_seq: 1 },
  );
  behind.say("job.result", { final_status: "success", result: "fine" }, { job_id: "job_1", event_seq: 2 });
  assert.equal(await job.result, "fine");
  assert.equal(client.state, "open");
});

test(
  "a result in pieces that is too large, out of order or no base64 is an error of its job alone",
  bounded,
  async () => {
    const chunk = (n, data, changes = {}) => ({
      kind: "result_chunk",
      ts: "2026-01-01T00:00:00Z",
      body: { result_id: "res_1", chunk_seq: n, data, encoding: "utf8", more: true, ...changes },
    });
    const [client, behind] = await open({ maxResultBytes: 1000 });
    let seq = 0;
    for (const [name, chunks, end] of [
      ["too large", [chunk(0, "x".repeat(600)), chunk(1, "x".repeat(600))], { result_id: "res_1" }],
      ["out of order", [chunk(1, "a"), chunk(0, "b")], { result_id: "res_1" }],
      ["no base64", [chunk(0, "%%%", { encoding: "base64" })], { result_id: "res_1" }],
      ["two results", [chunk(0, "a"), chunk(1, "b", { result_id: "res_2" })], { result_id: "res_1" }],
      ["another size", [chunk(0, "a", { more: false })], { result_id: "res_1", result_size: 99 }],
      ["no end", [chunk(0, "a")], { result_id: "res_1" }],
      ["both", [chunk(0, "a", { more: false })], { result: "inline" }],
      ["none", [], { result_id: "res_1", result_size: 3 }],
    ]) {
      const submitted = client.submit({ agent: "echo", input: name });
      let request;
      do request = await behind.next("submit");
      while (request.type !== "job.submit");
      const job_id = `job_${name.replaceAll(" ", "_")}`;
      behind.say("job.accepted", { job_id, agent: "echo", accepted_at: "x", request_id: request.id }, { job_id });
      const job = await submitted;
      for (const payload of chunks) behind.say("job.event", payload, { job_id, event_seq: ++seq });
      behind.say("job.result", { final_status: "success", ...end }, { job_id, event_seq: ++seq });
      assert.equal((await error(job.result)).code, "ERR_PROTOCOL", name);
    }
    assert.equal(client.state, "open");
  },
);

test(
  "numbers that jump, and mistake after mistake: the client gives up in the end, with a reason",
  bounded,
  async (t) => {
    // One of its own: whoever waits here for the next connection would take that of a later test.
    const own = await startRuntime({ greets: false });
    t.after(own.close);
    const client = connect({ reconnect: { maxDelayMs: 20 } }, own.url);
    const reasons = [];
    (async () => {
      for (;;) {
        const behind = await own.next();
        const hello = await behind.next("hello");
        reasons.push(hello.payload.resume?.last_event_seq);
        behind.welcome({}, "sess_jumps");
        for (let n = 0; n < 100; n += 1) behind.send("no JSON at all");
      }
    })().catch(() => {});
    assert.equal((await (await client).closed).code, "ERR_PROTOCOL");
    assert.ok(reasons.length >= 2 && reasons.length <= 5, `${reasons.length} connections`);
  },
);

test("a flood that nobody reads is bounded, and what was given up is told", { timeout: 60_000 }, async () => {
  const [client, behind] = await open();
  const submitted = client.submit({ agent: "echo" });
  const { id } = await behind.next("submit");
  behind.say("job.accepted", { job_id: "job_f", agent: "echo", accepted_at: "x", request_id: id }, { job_id: "job_f" });
  const job = await submitted;
  const result = job.result;
  const text = "x".repeat(1000);
  for (let seq = 1; seq <= 30_000; seq++) {
    behind.say(
      "job.event",
      { kind: "log", ts: "2026-01-01T00:00:00Z", body: { level: "info", message: text } },
      { job_id: "job_f", event_seq: seq },
    );
  }
  behind.say("job.result", { final_status: "success", result: "end" }, { job_id: "job_f", event_seq: 30_001 });
  assert.equal(await result, "end");
  let events = 0;
  let dropped = 0;
  for await (const { kind, body } of job) {
    if (kind === "x-vendor.arcgate.dropped") dropped += body.count;
    else events++;
  }
  assert.ok(events <= 4096, `${events} were kept`);
  assert.equal(events + dropped, 30_000, "none is lost without a word");
});

test("after all of this a client works", bounded, async () => {
  const [client, behind] = await open();
  const submitted = client.submit({ agent: "echo", input: 1 });
  const { id } = await behind.next("submit");
  behind.say("job.accepted", { job_id: "job_1", agent: "echo", accepted_at: "x", request_id: id }, { job_id: "job_1" });
  behind.say("job.result", { final_status: "success", result: 1 }, { job_id: "job_1", event_seq: 1 });
  assert.equal(await (await submitted).result, 1);
  await client.close();
  assert.equal((await client.closed).code, "CLOSED");
});
