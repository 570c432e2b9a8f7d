// GET /arcp in workerd: sessions over real sockets, and behind the gate a runtime that does what each test says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { features, hello, rawSocket, session, upgrade } from "../lib/arcp.mjs";
import { logged } from "../lib/logged.mjs";
import { at, both, runtime, startGate, worker } from "./arcp/gate.mjs";

startGate();

test("a session: hello verified, welcome relayed, frames both ways byte for byte", async () => {
  const { client, upstream } = await both();
  assert.equal(upstream.hello.payload.auth.scheme, "bearer");
  assert.equal(upstream.hello.payload.auth.token, `for-${btoa("custom||alice").replaceAll("=", "")}`);
  assert.deepEqual(upstream.hello.payload.client, { name: "raw", version: "1" });
  assert.ok(!JSON.stringify(upstream.hello).includes('"alice"'), "the client's own token stays here");
  const { payload } = client.welcome;
  assert.equal(client.welcome.session_id, upstream.sessionId);
  assert.equal(payload.session_id, upstream.sessionId);
  assert.match(payload.accepted_at, /^\d{4}-.*Z$/);
  assert.deepEqual(payload.runtime, { name: "scripted", version: "1" });
  assert.equal(payload.heartbeat_interval_sec, 30);
  assert.deepEqual(payload.capabilities.agents, [{ name: "echo", versions: [] }]);
  assert.deepEqual(
    payload.capabilities.features.toSorted(),
    features.filter((name) => name !== "agent_versions").toSorted(),
  );
  assert.match(payload.resume_token, /^rg1\.[\w-]+\.[\w-]{43}$/);

  const odd = `{ "payload": {"agent":"echo", "n": 1.50e+1, "\\u0061":"\\ud83d\\ude00"},"arcp":"1.1","id":"01JZ0000000000000000000000","type":"job.submit","session_id":"${client.id}","later":[] }`;
  client.send(odd);
  await upstream.next();
  assert.equal(upstream.texts.at(-1), odd);
  const event = `{"arcp":"1.1", "id":"01JZ0000000000000000000001","type":"job.event","session_id":"${client.id}","job_id":"job_1","event_seq":1,"payload":{"kind":"log","n":10.0}}`;
  const arrived = new Promise((resolve) =>
    client.socket.addEventListener("message", ({ data }) => resolve(data), { once: true }),
  );
  upstream.send(event);
  assert.equal(await arrived, event);
  await client.close(1000);
  assert.deepEqual((await upstream.next()).closed.code, 1000);
});

test("a service binding is an upstream, too; passthrough shows the client's own token", async () => {
  const bound = await both("alice", "/binding");
  assert.equal(bound.upstream.path, "/arcp?bound");
  assert.match(bound.upstream.headers["user-agent"], /^arcgate\/\d/);
  assert.equal(bound.upstream.headers.authorization, undefined, "the credential is in the hello alone");
  await bound.client.close(1000);
  const through = await both("alice", "/through");
  assert.equal(through.upstream.hello.payload.auth.token, "alice");
  await through.client.close(1000);
  for (const auth of [{ scheme: "none" }, { scheme: "none", token: "nobody-looked-at-this" }]) {
    const nobody = await rawSocket(at("/through"));
    nobody.send(hello("", { auth }));
    assert.equal((await nobody.toEnd()).frames[0].payload.code, "PERMISSION_DENIED", "there is no token to pass on");
  }
});

test("many sessions at once: each gets its own frames, all of them, in order", async () => {
  const count = 40;
  const frames = 60;
  const echo = async () => {
    const upstream = await runtime.next();
    for (let n = 1; n <= frames; n += 1) {
      const { payload } = await upstream.next();
      upstream.say("job.event", payload, { event_seq: n, job_id: "job_1" });
    }
  };
  const one = async (name) => {
    const client = await session(at(), "alice");
    for (let n = 1; n <= frames; n += 1) client.say("job.submit", { name, n });
    for (let n = 1; n <= frames; n += 1) {
      const { payload, event_seq } = await client.next();
      assert.deepEqual([payload, event_seq], [{ name, n }, n]);
    }
    await client.close(1000);
  };
  const all = Array.from({ length: count }, (_, index) => index);
  await Promise.all([...all.map(echo), ...all.map(one)]);
});

test("before the upgrade: path, method, Host, Origin, a token in the URL", async () => {
  const statuses = [
    [{}, 101],
    [{ headers: { origin: worker.url } }, 101],
    [{ headers: { origin: "https://app.example" } }, 101],
    [{ headers: { origin: "https://evil.example" } }, 403],
    [{ headers: { origin: "null" } }, 403],
    [{ host: "evil.example", headers: { origin: "http://evil.example" } }, 421],
    [{ path: "/arcp?access_token=alice" }, 400],
    [{ path: "/arcp?token=alice" }, 400],
    [{ headers: { upgrade: undefined, connection: undefined } }, 426],
    [{ method: "POST", headers: { "content-length": "0" } }, 405],
    [{ path: "/hosts/arcp" }, 421],
    [{ path: "/hosts/arcp", host: "gate.example" }, 101],
    [{ path: "/dev/arcp/" }, 404],
    [{ path: "/bare/arcp" }, 501],
  ];
  for (const [options, expected] of statuses) {
    const { status, head } = await upgrade(at(), options);
    assert.equal(status, expected, JSON.stringify(options));
    assert.doesNotMatch(head, /access-control/i);
  }
});

test("`none` where it is enabled: each session is somebody new, and can't be resumed", async () => {
  const keys = [];
  for (let round = 0; round < 2; round += 1) {
    const { client, upstream } = await both("", "/open", { hello: { auth: { scheme: "none" } } });
    keys.push(upstream.hello.payload.auth.token);
    assert.equal(client.welcome.payload.resume_token, "none");
    assert.equal(client.welcome.payload.resume_window_sec, 0);
    await client.close(1000);
  }
  assert.match(atob(keys[0].slice(4)), /^anonymous\|\|[0-9a-f-]{36}$/);
  assert.notEqual(keys[0], keys[1]);
});

test("a verifier is told of the socket", async () => {
  const { client, upstream } = await both("context", "", { headers: { "cf-connecting-ip": "192.0.2.7" } });
  assert.equal(atob(upstream.hello.payload.auth.token.slice(4)), "custom||websocket /arcp 192.0.2.7");
  await client.close(1000);
});

test("frames that are refused, and frames that end the session", async () => {
  const { client, upstream } = await both("reader", "/scopes");
  const id = client.say("job.submit", { agent: "echo" });
  const denied = await client.next();
  assert.deepEqual([denied.payload.code, denied.payload.request_id], ["PERMISSION_DENIED", id]);
  client.say("job.accepted", {});
  assert.equal((await client.next()).payload.code, "INVALID_REQUEST");
  client.say("session.list_jobs", {});
  assert.equal((await upstream.next()).type, "session.list_jobs", "the first that passes");
  client.say("job.submit", {}, { session_id: "sess_other" });
  const { frames, code } = await client.toEnd();
  assert.deepEqual([frames[0].payload.code, frames[0].session_id, code], ["INVALID_REQUEST", client.id, 4400]);
  assert.equal((await upstream.next()).closed.code, 1000);
});

test("limits after the welcome, on both sides", async () => {
  for (const [say, close] of [
    [({ client }) => client.say("job.submit", { x: "x".repeat(2000) }), 4413],
    [({ client }) => client.send(new Uint8Array(3)), 4400],
    [({ upstream }) => upstream.say("job.event", { x: "x".repeat(3000) }, { event_seq: 8 }), 4422],
    [({ upstream }) => upstream.send(Buffer.from("{}")), 4422],
    [({ upstream }) => upstream.send("{"), 4422],
    [({ upstream }) => upstream.socket.terminate(), 1012],
    [({ upstream }) => upstream.socket.close(1000), 1012],
  ]) {
    const session = await both("alice", "/small");
    session.upstream.say("job.event", { x: "x".repeat(2500) }, { event_seq: 7 });
    assert.equal((await session.client.next()).type, "job.event");
    say(session);
    const { frames, code } = await session.client.toEnd();
    assert.equal(code, close);
    const { code: told, retryable, details } = frames.at(-1).payload;
    assert.equal(told, [1012, 4422].includes(close) ? "INTERNAL_ERROR" : "INVALID_REQUEST");
    assert.equal(retryable, close === 1012);
    if (close === 4422) assert.equal(details.event_seq, 8, "what can't be passed on is named");
  }
});

test("heartbeats are each side's own", async () => {
  const { client, upstream } = await both("alice", "/beats");
  assert.equal(client.welcome.payload.heartbeat_interval_sec, 1);
  const ping = await client.until("session.ping");
  client.say("session.pong", { ping_nonce: ping.payload.nonce, received_at: new Date().toISOString() });
  client.say("session.ping", { nonce: "mine", sent_at: new Date().toISOString() });
  assert.equal((await client.until("session.pong")).payload.ping_nonce, "mine");
  upstream.say("session.ping", { nonce: "theirs", sent_at: new Date().toISOString() });
  const pong = await upstream.next();
  assert.deepEqual([pong.type, pong.payload.ping_nonce], ["session.pong", "theirs"], "the client's did not cross");
  const { frames, code } = await client.toEnd();
  assert.equal(frames.at(-1).payload.code, "HEARTBEAT_LOST");
  assert.equal(code, 1012);
  assert.equal((await upstream.next()).closed.code, 1000);
});

test("a session ends with its token", async () => {
  // It must have five seconds left when it is shown.
  const { client, upstream } = await both(`until.${Date.now() + 8000}`, "/quick");
  const { frames, code } = await client.toEnd();
  assert.equal(frames.at(-1).payload.code, "UNAUTHENTICATED");
  assert.equal(code, 4410);
  assert.equal((await upstream.next()).closed.code, 1000);
});

test("a verifier that may change its mind is asked again, and a live session ends with a revoked token", async () => {
  const other = await both("dave", "/revocable");
  // Called revoked; not known any more; somebody else's; refused by another name; without the scope to connect; to submit.
  for (const name of ["carol", "erin", "frank", "grace", "heidi", "ivan"]) {
    const { client, upstream } = await both(name, "/revocable");
    await fetch(`${worker.url}/revoke`, { method: "POST", body: name });
    const { frames, code } = await client.toEnd();
    assert.deepEqual([frames.at(-1).payload.code, code], ["UNAUTHENTICATED", 4410], name);
    assert.equal((await upstream.next()).closed.code, 1000);
  }
  other.upstream.say("job.event", {});
  assert.equal((await other.client.next()).type, "job.event");
  await other.client.close(1000);
});

test("a goodbye", async () => {
  const { client, upstream } = await both();
  client.say("session.close", { reason: "enough" });
  const { frames, code } = await client.toEnd();
  assert.deepEqual([frames.map(({ type }) => type), code], [["session.closed"], 1000]);
  const bye = await upstream.next();
  assert.deepEqual([bye.type, bye.payload.reason], ["session.bye", "enough"]);
  assert.equal((await upstream.next()).closed.code, 1000);
});

test("a mistake of ours ends the sessions of that instance, and the next ones begin", async () => {
  const { client, upstream } = await both();
  assert.equal(await (await fetch(`${worker.url}/trap`)).text(), "ERR_INTERNAL");
  upstream.say("job.event", {});
  assert.equal((await client.closed()).code, 1012);
  assert.equal((await upstream.next()).closed.code, 1000);
  const next = await both();
  await next.client.close(1000);
});

test("events that come before the welcome has gone out keep their place", async () => {
  runtime.greets = false;
  try {
    const coming = runtime.next();
    const client = await rawSocket(at());
    client.send(hello("alice"));
    const upstream = await coming;
    upstream.welcome();
    for (let seq = 1; seq <= 200; seq += 1) upstream.say("job.event", {}, { event_seq: seq, job_id: "job_1" });
    assert.equal((await client.next()).type, "session.welcome");
    for (let seq = 1; seq <= 200; seq += 1) assert.equal((await client.next()).event_seq, seq);
    await client.close(1000);
  } finally {
    runtime.greets = true;
  }
});

test("the audit log tells how each ended, and holds no token", async () => {
  const lines = () => worker.log.filter((line) => line.includes('"type":"arcp.')).map((line) => JSON.parse(line));
  const { client } = await both("alice");
  client.say("session.bye", { reason: "x" });
  await client.toEnd();
  await logged(worker.log, new RegExp(`"arcp\\.session".*"${client.id}"`));
  const ours = lines().filter(({ session }) => session === client.id);
  assert.deepEqual(
    ours.map(({ type, outcome, reason, principal }) => [type, outcome, reason, principal]),
    [
      ["arcp.hello", "allowed", "ok", "custom||alice"],
      ["arcp.session", "completed", "client_closed", "custom||alice"],
    ],
  );
  assert.ok(
    lines().some(({ type, reason, status }) => type === "arcp.upgrade" && reason === "token_in_url" && status === 400),
  );
  assert.doesNotMatch(worker.log.join("\n"), /for-[A-Za-z0-9]|rtk_|rg1\.|until\.\d/);
});
