// GET /arcp in workerd: real sockets, and behind the gate a runtime that does what each test says.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { features, frame, hello, rawSocket, session, upgrade } from "../lib/arcp.mjs";
import { muteClient } from "../lib/mute.mjs";
import { startRuntime } from "../lib/scripted-runtime.mjs";
import { startWorkerd } from "./jwks/workerd.mjs";

let runtime;
let worker;
let url;

before(async () => {
  runtime = await startRuntime({
    onUpgrade({ url }, socket) {
      const answer = { "/elsewhere": "302 Found\r\nLocation: /arcp", "/refuse": "403 Forbidden" }[url];
      if (answer) socket.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`);
      return answer !== undefined;
    },
  });
  worker = await startWorkerd(fileURLToPath(new URL("arcp/worker.js", import.meta.url)), {
    define: { UPSTREAM: JSON.stringify(runtime.url) },
  });
  url = worker.url.replace("http", "ws");
});

after(async () => {
  await worker?.close();
  await runtime?.close();
});

const at = (path = "") => `${url}${path}/arcp`;

/** An open session and the connection behind it. */
async function both(token = "alice", path = "", options = {}) {
  const behind = runtime.next();
  const client = await session(at(path), token, options);
  return { client, behind: await behind };
}

test("a session: hello verified, welcome relayed, frames both ways byte for byte", async () => {
  const { client, behind } = await both();
  assert.equal(behind.hello.payload.auth.scheme, "bearer");
  assert.equal(behind.hello.payload.auth.token, `for-${btoa("custom||alice").replaceAll("=", "")}`);
  assert.deepEqual(behind.hello.payload.client, { name: "raw", version: "1" });
  assert.ok(!JSON.stringify(behind.hello).includes('"alice"'), "the client's own token stays here");
  const { payload } = client.welcome;
  assert.equal(client.welcome.session_id, behind.sessionId);
  assert.equal(payload.session_id, behind.sessionId);
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
  await behind.next();
  assert.equal(behind.texts.at(-1), odd);
  const event = `{"arcp":"1.1", "id":"01JZ0000000000000000000001","type":"job.event","session_id":"${client.id}","job_id":"job_1","event_seq":1,"payload":{"kind":"log","n":10.0}}`;
  const arrived = new Promise((resolve) =>
    client.socket.addEventListener("message", ({ data }) => resolve(data), { once: true }),
  );
  behind.send(event);
  assert.equal(await arrived, event);
  await client.close(1000);
  assert.deepEqual((await behind.next()).closed.code, 1000);
});

const refusals = [
  ["a token nobody knows", () => hello("eve"), "UNAUTHENTICATED", 4401],
  ["no credentials", () => hello(undefined, { auth: undefined }), "UNAUTHENTICATED", 4401],
  ["an unknown scheme", () => hello("alice", { auth: { scheme: "basic", token: "alice" } }), "UNAUTHENTICATED", 4401],
  ["`none`, which nobody has enabled", () => hello("", { auth: { scheme: "none" } }), "UNAUTHENTICATED", 4401, "/shut"],
  ["a token with two seconds to live", () => hello(`until.${Date.now() + 2000}`), "UNAUTHENTICATED", 4401],
  ["an outage", () => hello("outage"), "INTERNAL_ERROR", 1012],
  ["a verifier that throws", () => hello("bug"), "INTERNAL_ERROR", 1012],
  ["a verifier that hangs", () => hello("hang"), "INTERNAL_ERROR", 1012, "/quick"],
  ["no credential for the upstream", () => hello("nobody"), "PERMISSION_DENIED", 4403],
  ["an upstream that is not there", () => hello("alice"), "INTERNAL_ERROR", 1012, "/nowhere"],
  ["a missing scope", () => hello("nobody"), "PERMISSION_DENIED", 4403, "/scopes"],
  ["no JSON", () => "{", "INVALID_REQUEST", 4400],
  ["another message", () => frame("job.submit"), "INVALID_REQUEST", 4400],
  ["bytes", () => new TextEncoder().encode(JSON.stringify(hello("alice"))), "INVALID_REQUEST", 4400],
  ["a long hello", () => hello("alice", { more: "x".repeat(66_000) }), "INVALID_REQUEST", 4413],
  ["a hello of 3 MB", () => hello("alice", { more: "x".repeat(3_000_000) }), "INVALID_REQUEST", 4413],
  ["silence", undefined, "UNAUTHENTICATED", 4408, "/quick"],
  [
    "a resume token of the upstream's own",
    () => hello("alice", { resume: { session_id: "sess_1", resume_token: "rtk_sess_1", last_event_seq: 0 } }),
    "RESUME_WINDOW_EXPIRED",
    1000,
  ],
];

for (const [what, said, code, close, path] of refusals) {
  test(`refused: ${what}`, async () => {
    const before = runtime.connections;
    const client = await rawSocket(at(path));
    if (said) client.send(said());
    const { frames, code: closed } = await client.toEnd();
    assert.equal(frames.length, 1);
    assert.equal(frames[0].type, "session.error");
    assert.equal(frames[0].payload.code, code);
    assert.equal(frames[0].payload.retryable, code === "INTERNAL_ERROR");
    assert.match(frames[0].session_id, /^sess_/);
    assert.doesNotMatch(JSON.stringify(frames), /eve|verifier|upstream/);
    assert.equal(closed, close);
    assert.equal(runtime.connections, before, "nothing reaches what is behind");
  });
}

test("a second frame while the verifier is asked", async () => {
  const client = await rawSocket(at("/quick"));
  client.send(hello("hang"));
  client.send(frame("job.submit"));
  const { frames, code } = await client.toEnd();
  assert.deepEqual([frames.map(({ payload }) => payload.code), code], [["INVALID_REQUEST"], 4400]);
});

test("an upstream that accepts and says nothing", async () => {
  runtime.greets = false;
  try {
    const behind = runtime.next();
    const client = await rawSocket(at("/quick"));
    client.send(hello("alice"));
    const { frames, code } = await client.toEnd();
    assert.deepEqual([frames[0].payload.code, code], ["INTERNAL_ERROR", 1012]);
    const there = await behind;
    assert.equal((await there.next()).type, "session.hello");
    assert.equal((await there.next()).closed.code, 1000);
  } finally {
    runtime.greets = true;
  }
});

test("an upstream that refuses is never quoted", async () => {
  runtime.greets = false;
  try {
    for (const [said, told, close] of [
      ["UNAUTHENTICATED", "INTERNAL_ERROR", 1012],
      ["PERMISSION_DENIED", "PERMISSION_DENIED", 4403],
    ]) {
      const behind = runtime.next();
      const client = await rawSocket(at());
      client.send(hello("alice"));
      (await behind).send(
        frame("session.error", { code: said, message: "internal words", retryable: false, details: null }),
      );
      const { frames, code } = await client.toEnd();
      assert.deepEqual([frames[0].payload.code, code], [told, close]);
      assert.doesNotMatch(JSON.stringify(frames), /internal words/);
    }
  } finally {
    runtime.greets = true;
  }
});

test("an upstream that redirects, or answers otherwise, is out of reach", async () => {
  for (const path of ["/redirect", "/refuse"]) {
    const before = runtime.connections;
    const client = await rawSocket(at(path));
    client.send(hello("alice"));
    const { frames, code } = await client.toEnd();
    assert.deepEqual([frames[0].payload.code, code], ["INTERNAL_ERROR", 1012]);
    assert.equal(runtime.connections, before + 1, "no redirect is followed");
  }
});

test("a service binding is an upstream, too; passthrough shows the client's own token", async () => {
  const bound = await both("alice", "/binding");
  assert.equal(bound.behind.path, "/arcp?bound");
  assert.match(bound.behind.headers["user-agent"], /^arcgate\/\d/);
  assert.equal(bound.behind.headers.authorization, undefined, "the credential is in the hello alone");
  await bound.client.close(1000);
  const through = await both("alice", "/through");
  assert.equal(through.behind.hello.payload.auth.token, "alice");
  await through.client.close(1000);
  for (const auth of [{ scheme: "none" }, { scheme: "none", token: "nobody-looked-at-this" }]) {
    const nobody = await rawSocket(at("/through"));
    nobody.send(hello("", { auth }));
    assert.equal((await nobody.toEnd()).frames[0].payload.code, "PERMISSION_DENIED", "there is no token to pass on");
  }
});

test("the platform's rate limit is asked by address", async () => {
  const from = (address) => upgrade(at("/rate"), { headers: { "cf-connecting-ip": address } });
  assert.equal((await from("192.0.2.1")).status, 101);
  assert.equal((await from("192.0.2.66")).status, 429);
  assert.equal((await from("192.0.2.99")).status, 101, "a counter that fails keeps nobody out");
  assert.equal((await upgrade(at("/unbound"), { headers: { "cf-connecting-ip": "192.0.2.1" } })).status, 500);
});

test("many sessions at once: each gets its own frames, all of them, in order", async () => {
  const count = 40;
  const frames = 60;
  const echo = async () => {
    const behind = await runtime.next();
    for (let n = 1; n <= frames; n += 1) {
      const { payload } = await behind.next();
      behind.say("job.event", payload, { event_seq: n, job_id: "job_1" });
    }
  };
  const one = async (name) => {
    const client = await session(at(), "alice", { patienceMs: 20_000 });
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
    const { client, behind } = await both("", "/open", { hello: { auth: { scheme: "none" } } });
    keys.push(behind.hello.payload.auth.token);
    assert.equal(client.welcome.payload.resume_token, "none");
    assert.equal(client.welcome.payload.resume_window_sec, 0);
    await client.close(1000);
  }
  assert.match(atob(keys[0].slice(4)), /^anonymous\|\|[0-9a-f-]{36}$/);
  assert.notEqual(keys[0], keys[1]);
});

test("a verifier is told of the socket", async () => {
  const { client, behind } = await both("context", "", { headers: { "cf-connecting-ip": "192.0.2.7" } });
  assert.equal(atob(behind.hello.payload.auth.token.slice(4)), "custom||websocket /arcp 192.0.2.7");
  await client.close(1000);
});

test("a verifier for development does not run without DEV_MODE", async () => {
  for (const [path, auth] of [
    ["/dev", { scheme: "bearer", token: "anything" }],
    ["/devNobody", { scheme: "none" }],
  ]) {
    const client = await rawSocket(at(path));
    client.send(hello("", { auth }));
    const { frames, code } = await client.toEnd();
    assert.deepEqual([frames[0].payload.code, code], ["UNAUTHENTICATED", 4401], path);
  }
});

test("frames that are refused, and frames that end the session", async () => {
  const { client, behind } = await both("reader", "/scopes");
  const id = client.say("job.submit", { agent: "echo" });
  const denied = await client.next();
  assert.deepEqual([denied.payload.code, denied.payload.request_id], ["PERMISSION_DENIED", id]);
  client.say("job.accepted", {});
  assert.equal((await client.next()).payload.code, "INVALID_REQUEST");
  client.say("session.list_jobs", {});
  assert.equal((await behind.next()).type, "session.list_jobs", "the first that passes");
  client.say("job.submit", {}, { session_id: "sess_other" });
  const { frames, code } = await client.toEnd();
  assert.deepEqual([frames[0].payload.code, frames[0].session_id, code], ["INVALID_REQUEST", client.id, 4400]);
  assert.equal((await behind.next()).closed.code, 1000);
});

test("limits after the welcome, on both sides", async () => {
  for (const [say, close] of [
    [({ client }) => client.say("job.submit", { x: "x".repeat(2000) }), 4413],
    [({ client }) => client.send(new Uint8Array(3)), 4400],
    [({ behind }) => behind.say("job.event", { x: "x".repeat(3000) }, { event_seq: 8 }), 4422],
    [({ behind }) => behind.send(Buffer.from("{}")), 4422],
    [({ behind }) => behind.send("{"), 4422],
    [({ behind }) => behind.socket.terminate(), 1012],
    [({ behind }) => behind.socket.close(1000), 1012],
  ]) {
    const session = await both("alice", "/small");
    session.behind.say("job.event", { x: "x".repeat(2500) }, { event_seq: 7 });
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
  const { client, behind } = await both("alice", "/beats");
  assert.equal(client.welcome.payload.heartbeat_interval_sec, 0.3);
  const ping = await client.until("session.ping");
  client.say("session.pong", { ping_nonce: ping.payload.nonce, received_at: new Date().toISOString() });
  client.say("session.ping", { nonce: "mine", sent_at: new Date().toISOString() });
  assert.equal((await client.until("session.pong")).payload.ping_nonce, "mine");
  behind.say("session.ping", { nonce: "theirs", sent_at: new Date().toISOString() });
  const pong = await behind.next();
  assert.deepEqual([pong.type, pong.payload.ping_nonce], ["session.pong", "theirs"], "the client's did not cross");
  const { frames, code } = await client.toEnd();
  assert.equal(frames.at(-1).payload.code, "HEARTBEAT_LOST");
  assert.equal(code, 1012);
  assert.equal((await behind.next()).closed.code, 1000);
});

test("a session ends with its token", async () => {
  const { client, behind } = await both(`until.${Date.now() + 5400}`, "/quick");
  const { frames, code } = await client.toEnd();
  assert.equal(frames.at(-1).payload.code, "UNAUTHENTICATED");
  assert.equal(code, 4410);
  assert.equal((await behind.next()).closed.code, 1000);
});

test("a verifier that may change its mind is asked again, and a live session ends with a revoked token", async () => {
  const other = await both("dave", "/revocable");
  // Called revoked; not known any more; somebody else's; refused by another name; without the scope to connect; to submit.
  for (const name of ["carol", "erin", "frank", "grace", "heidi", "ivan"]) {
    const { client, behind } = await both(name, "/revocable");
    await fetch(`${worker.url}/revoke`, { method: "POST", body: name });
    const { frames, code } = await client.toEnd();
    assert.deepEqual([frames.at(-1).payload.code, code], ["UNAUTHENTICATED", 4410], name);
    assert.equal((await behind.next()).closed.code, 1000);
  }
  other.behind.say("job.event", {});
  assert.equal((await other.client.next()).type, "job.event");
  await other.client.close(1000);
});

test("a goodbye", async () => {
  const { client, behind } = await both();
  client.say("session.close", { reason: "enough" });
  const { frames, code } = await client.toEnd();
  assert.deepEqual([frames.map(({ type }) => type), code], [["session.closed"], 1000]);
  const bye = await behind.next();
  assert.deepEqual([bye.type, bye.payload.reason], ["session.bye", "enough"]);
  assert.equal((await behind.next()).closed.code, 1000);
});

test("a session is resumed by its principal and by nobody else", async () => {
  const { client, behind } = await both();
  const resume = client.resumption(3);
  client.socket.close();
  await behind.next();
  const before = runtime.connections;
  const thief = await rawSocket(at());
  thief.send(hello("bob", { resume }));
  const refused = await thief.toEnd();
  assert.deepEqual([refused.frames[0].payload.code, refused.code], ["RESUME_WINDOW_EXPIRED", 1000]);
  const forged = { ...resume, session_id: "sess_other" };
  const forger = await rawSocket(at());
  forger.send(hello("alice", { resume: forged }));
  assert.equal((await forger.toEnd()).frames[0].payload.code, "RESUME_WINDOW_EXPIRED");
  assert.equal(runtime.connections, before, "no try is spent behind");

  const again = await both("alice", "", { hello: { resume } });
  assert.equal(again.client.id, client.id);
  assert.deepEqual(again.behind.hello.payload.resume, {
    session_id: client.id,
    resume_token: `rtk_${client.id}`,
    token: `rtk_${client.id}`,
    last_event_seq: 3,
  });
  // And the connection that nobody has closed is displaced.
  const third = await both("alice", "", { hello: { resume: again.client.resumption(3) } });
  assert.equal((await again.client.closed()).code, 4409);
  assert.equal((await again.behind.next()).closed.code, 1000);
  await third.client.close(1000);
});

test("an upstream that has not noticed the end of the old connection is asked again", async () => {
  const { client, behind } = await both();
  const resume = client.resumption(0);
  client.socket.close();
  await behind.next();
  runtime.greets = false;
  try {
    const first = runtime.next();
    const again = await rawSocket(at());
    again.send(hello("alice", { resume }));
    const denied = await first;
    await denied.next();
    denied.send(
      frame("session.error", { code: "PERMISSION_DENIED", message: "no resumable session", retryable: false }),
    );
    const second = await runtime.next();
    assert.deepEqual((await second.next()).payload.resume.session_id, client.id);
    second.welcome({}, client.id);
    assert.equal((await again.next()).session_id, client.id);
    assert.equal((await denied.next()).closed.code, 1000);
    await again.close(1000);
  } finally {
    runtime.greets = true;
  }
});

test("a mistake of ours ends the sessions of that instance, and the next ones begin", async () => {
  const { client, behind } = await both();
  assert.equal(await (await fetch(`${worker.url}/trap`)).text(), "ERR_INTERNAL");
  behind.say("job.event", {});
  assert.equal((await client.closed()).code, 1012);
  assert.equal((await behind.next()).closed.code, 1000);
  const next = await both();
  await next.client.close(1000);
});

test("events that come before the welcome has gone out keep their place", async () => {
  runtime.greets = false;
  try {
    const coming = runtime.next();
    const client = await rawSocket(at());
    client.send(hello("alice"));
    const behind = await coming;
    behind.welcome();
    for (let seq = 1; seq <= 200; seq += 1) behind.say("job.event", {}, { event_seq: seq, job_id: "job_1" });
    assert.equal((await client.next()).type, "session.welcome");
    for (let seq = 1; seq <= 200; seq += 1) assert.equal((await client.next()).event_seq, seq);
    await client.close(1000);
  } finally {
    runtime.greets = true;
  }
});

test("a client that does not read is cut off, and costs no memory for long", async () => {
  const coming = runtime.next();
  // Uncompressed: or a hundred megabytes of this would fit into what the sockets hold.
  const client = new WebSocket(at("/slow"), { perMessageDeflate: false });
  await once(client, "open");
  client.send(JSON.stringify(hello("alice")));
  const behind = await coming;
  await once(client, "message");
  client._socket.pause();
  const event = JSON.stringify(frame("job.event", { data: "x".repeat(100_000) }, { session_id: behind.sessionId }));
  let sent = 0;
  const over = behind.next("end");
  // Past what the sockets between hold by themselves.
  while (behind.socket.readyState === WebSocket.OPEN && sent < 1000) {
    await new Promise((resolve) => behind.socket.send(event, resolve));
    sent += 1;
  }
  assert.equal((await over).closed.code, 1000);
  assert.ok(sent < 1000, "it was cut off");
  client._socket.resume();
  const [code] = await once(client, "close");
  assert.equal(code, 4429);
});

test("connections are counted, and failures by address", async () => {
  const first = await rawSocket(at("/few"));
  assert.equal((await upgrade(at("/few"))).status, 503);
  first.send("{");
  await first.toEnd();
  const second = await rawSocket(at("/few"));
  assert.ok(second.open, "the place is free again");
  await second.close(1000);

  const from = (address) => ({ headers: { "cf-connecting-ip": address } });
  for (const address of ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2"]) {
    const client = await rawSocket(at("/tries"), from(address));
    client.send(hello("eve"));
    await client.toEnd();
  }
  const { status, head } = await upgrade(at("/tries"), from("2001:DB8::1:0:0:0:3"));
  assert.equal(status, 429);
  assert.match(head, /retry-after: 60/i);
  assert.equal((await upgrade(at("/tries"), from("2001:db8:0:2::1"))).status, 101);
  assert.equal((await upgrade(at("/tries"))).status, 101);
});

test("who says nothing takes a quarter of the places and no more", async () => {
  const from = (address) => ({ headers: { "cf-connecting-ip": address } });
  const silent = [await rawSocket(at("/idle"), from("192.0.2.1")), await rawSocket(at("/idle"), from("192.0.2.1"))];
  assert.equal((await upgrade(at("/idle"), from("192.0.2.1"))).status, 429);
  const other = await session(at("/idle"), "alice", from("192.0.2.2"));
  silent[0].send("{");
  await silent[0].toEnd();
  const known = await session(at("/idle"), "alice", from("192.0.2.1"));
  const more = await rawSocket(at("/idle"), from("192.0.2.1"));
  assert.ok(more.open, "who has shown who it is doesn't wait any more");
  for (const socket of [silent[1], more, known, other]) await socket.close(1000);
});

test("where nobody has an address, who says nothing keeps nobody out: the oldest go, and are cut off at once", async () => {
  const silent = [await muteClient(at("/idle")), await muteClient(at("/idle"))];
  for (let n = 0; n < 10; n += 1) {
    const known = await session(at("/idle"), "alice");
    if (n < 2) await silent[n].ended();
    silent.push(await muteClient(at("/idle")));
    await known.close(1000);
  }
  for (const socket of silent) socket.destroy();
  assert.ok(worker.log.some((line) => line.includes("too_many_silent")));
});

test("those who are silent for a while are few, whatever the places", async () => {
  const first = await muteClient(at("/hush"));
  const second = await muteClient(at("/hush"));
  await first.ended();
  const known = await session(at("/hush"), "alice");
  await known.close(1000);
  second.destroy();
});

test("the audit log tells how each ended, and holds no token", async () => {
  const lines = () => worker.log.filter((line) => line.includes('"type":"arcp.')).map((line) => JSON.parse(line));
  const { client } = await both("alice");
  client.say("session.bye", { reason: "x" });
  await client.toEnd();
  for (let attempt = 0; !lines().some(({ session }) => session === client.id); attempt += 1) {
    assert.ok(attempt < 100, "the audit lines did not come");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
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
