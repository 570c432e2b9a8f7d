// What a stranger tries at GET /arcp, on raw sockets against the running Worker: each attempt costs a connection, is
// answered with generic text and the right close code, and opens nothing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { features, frame, hello, rawSocket, session, ulid, upgrade } from "../lib/arcp.mjs";
import { startWrangler } from "../lib/worker.mjs";

const tokens = { "tok-alice": "alice", "tok-bob": "bob" };
const secret = "tok-alice";
let worker;
let url;

before(async () => {
  worker = await startWrangler({
    STATIC_TOKENS: tokens,
    ALLOWED_HOSTS: "127.0.0.1",
    ALLOWED_ORIGINS: "https://app.example",
  });
  url = `${worker.url.replace("http", "ws")}/arcp`;
});

after(() => worker?.close());

const kinds = ["INVALID_REQUEST", "UNAUTHENTICATED"];

/** What comes after these frames: at most one `session.error`, then the close. */
async function refused(frames, options) {
  const socket = await rawSocket(url, options);
  assert.ok(socket.open, "the upgrade succeeded");
  for (const each of frames) socket.send(each);
  const end = await socket.toEnd();
  assert.ok(end.frames.length <= 1, JSON.stringify(end.frames));
  const [error] = end.frames;
  if (error) {
    assert.equal(error.type, "session.error");
    assert.equal(error.arcp, "1.1");
    assert.match(error.id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
    assert.match(error.session_id, /^sess_/, "a throwaway session id: the TS client drops the frame without one");
    assert.deepEqual(Object.keys(error.payload).sort(), ["code", "message", "retryable"]);
    assert.doesNotMatch(JSON.stringify(error), /tok-/, "it cites nothing");
  }
  return { code: error?.payload.code, message: error?.payload.message, close: end.code, reason: end.reason };
}

const before_welcome = {
  "bad JSON": ["{"],
  "an array": ["[]"],
  nothing: [""],
  "a number": ["7"],
  "duplicate members": [JSON.stringify(hello(secret)).replace('"payload":', '"type":"session.hello","payload":')],
  "duplicate members, one escaped": [
    JSON.stringify(hello(secret)).replace('"token":', '"\\u0074oken":"tok-bob","token":'),
  ],
  "arcp 1": [hello(secret, {}, { arcp: "1" })],
  "arcp 2.0": [hello(secret, {}, { arcp: "2.0" })],
  "arcp as a number": [hello(secret, {}, { arcp: 1.1 })],
  "no arcp": [hello(secret, {}, { arcp: undefined })],
  "no id": [hello(secret, {}, { id: undefined })],
  "no payload": [frame("session.hello", undefined)],
  "a payload that is an array": [hello(secret, {}, { payload: [] })],
  "a submit first": [frame("job.submit", { agent: "echo" })],
  "an older dialect's first message": [
    frame("session.open", { client: {}, auth: { scheme: "bearer", token: secret } }),
  ],
  "a ping first": [frame("session.ping", { nonce: "p", sent_at: "2026-01-01T00:00:00Z" })],
  "a welcome first": [frame("session.welcome", { session_id: "sess_1" }, { session_id: "sess_1" })],
  "no client": [hello(secret, { client: undefined })],
  "a token that is an object": [hello(secret, { auth: { scheme: "bearer", token: { toString: secret } } })],
  "a resume without its sequence": [hello(secret, { resume: { session_id: "sess_1", resume_token: "rt_1" } })],
  "a nesting bomb": [`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`],
};

for (const [name, frames] of Object.entries(before_welcome)) {
  test(`before the welcome, ${name} is INVALID_REQUEST and 4400`, async () => {
    const { code, close } = await refused(frames);
    assert.deepEqual([code, close], ["INVALID_REQUEST", 4400]);
  });
}

test("a wrong, missing or empty token, an unknown scheme and 'none' are all one answer, and 4401", async () => {
  const none = { auth: { scheme: "none" } };
  const answers = [
    [hello("tok-eve")],
    [hello(undefined)],
    [hello("")],
    [hello("tok-alic")],
    [hello(" tok-alice")],
    [hello("x", none)],
    [hello(secret, { auth: { scheme: "x-vendor.acme.key", token: secret } })],
    [hello(secret, { auth: { scheme: "basic", token: secret } })],
    [hello(secret, { auth: { scheme: "__proto__", token: secret } })],
    [hello(secret, { auth: { scheme: "", token: secret } })],
    [hello("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.")],
    [hello("x".repeat(20_000))],
  ];
  let first;
  for (const frames of answers) {
    const answer = await refused(frames);
    first ??= answer;
    // A token that no verifier could take may be called malformed; all that reach a verifier look alike.
    assert.ok(kinds.includes(answer.code), JSON.stringify(frames));
    if (answer.code === "UNAUTHENTICATED") assert.deepEqual(answer, first, JSON.stringify(frames));
  }
  assert.deepEqual([first.code, first.close], ["UNAUTHENTICATED", 4401]);
});

test("a wrong token is final for its socket: what comes after it is not read", async () => {
  const { code, close } = await refused([hello("tok-eve"), hello(secret), frame("job.submit", { agent: "echo" })]);
  assert.deepEqual([code, close], ["UNAUTHENTICATED", 4401]);
});

test("what comes behind a hello before its welcome does nothing unless the hello is good", async () => {
  const { code, close } = await refused([
    hello("tok-eve"),
    frame("job.submit", { agent: "count", input: { to: 3 } }, { session_id: `sess_${ulid()}` }),
  ]);
  assert.deepEqual([code, close], ["UNAUTHENTICATED", 4401]);
});

test("a hello over 64 kB is 4413, before it is parsed", async () => {
  for (const text of [JSON.stringify(hello("x".repeat(70_000))), "{".repeat(70_000)]) {
    const { close } = await refused([text]);
    assert.equal(close, 4413);
  }
});

test("binary frames are refused before and after the welcome", async () => {
  const bytes = new TextEncoder().encode(JSON.stringify(hello(secret)));
  assert.deepEqual((({ code, close }) => [code, close])(await refused([bytes])), ["INVALID_REQUEST", 4400]);
  const socket = await session(url, secret);
  socket.send(new TextEncoder().encode(JSON.stringify(frame("session.ping", { nonce: "b", sent_at: "x" }))));
  const { frames, code } = await socket.toEnd();
  assert.deepEqual([frames.map(({ payload }) => payload.code), code], [["INVALID_REQUEST"], 4400]);
});

test("after the welcome: bad JSON, duplicates, another version, a second hello and another session end the session", async () => {
  const good = await session(url, secret);
  const ping = (changes) => frame("session.ping", { nonce: "p", sent_at: new Date().toISOString() }, changes);
  for (const [name, make] of Object.entries({
    "bad JSON": () => "{",
    "duplicate members": (id) =>
      JSON.stringify(ping({ session_id: id })).replace('"payload":', '"type":"x","payload":'),
    "another version": (id) => ping({ arcp: "1", session_id: id }),
    "a second hello": (id) => hello("tok-bob", {}, { session_id: id }),
    "a second hello without session id": () => hello("tok-bob"),
    "no session id": () => frame("session.list_jobs"),
    "another session's id": () => ping({ session_id: good.id }),
    "an unknown session's id": () => ping({ session_id: `sess_${ulid()}` }),
  })) {
    const socket = await session(url, secret);
    socket.send(make(socket.id));
    const { frames, code } = await socket.toEnd();
    assert.deepEqual([frames.map(({ payload }) => payload.code), code], [["INVALID_REQUEST"], 4400], name);
    assert.equal(frames[0].session_id, socket.id, name);
  }
  good.say("session.ping", { nonce: "still", sent_at: new Date().toISOString() });
  assert.equal((await good.until("session.pong")).payload.ping_nonce, "still", "the others are not touched");
  await good.close();
});

test("a frame over 1 MiB ends an open session with 4413", async () => {
  const socket = await session(url, secret);
  socket.say("job.submit", { agent: "echo", input: "x".repeat(1_100_000) });
  const { code } = await socket.toEnd();
  assert.equal(code, 4413);
});

test("no hello: the socket is closed with 4408 at the deadline, and not before", async () => {
  const began = Date.now();
  const socket = await rawSocket(url, { patienceMs: 20_000 });
  const { frames, code } = await socket.toEnd();
  assert.equal(code, 4408);
  assert.ok(frames.every(({ type, session_id }) => type === "session.error" && session_id));
  assert.ok(Date.now() - began > 5000, "a slow network has time");
});

test("origin and host are looked at before the upgrade", async () => {
  const status = async (options) => (await upgrade(url, options)).status;
  assert.equal(await status({}), 101, "no browser");
  assert.equal(await status({ headers: { origin: worker.url } }), 101, "the same origin");
  assert.equal(await status({ headers: { origin: "https://app.example" } }), 101, "an allowed one");
  for (const origin of [
    "https://evil.example",
    "null",
    "https://app.example.evil.example",
    "https://app.example:444",
    "http://app.example",
    "https://APP.example/",
    `http://localhost:${new URL(url).port}`,
    "file://",
  ]) {
    assert.equal(await status({ headers: { origin } }), 403, `Origin: ${origin}`);
  }
  for (const wrong of ["evil.example", "evil.example:80", "127.0.0.1.evil.example"]) {
    assert.ok([400, 403, 421].includes(await status({ host: wrong })), `Host: ${wrong}`);
    assert.ok([400, 403, 421].includes(await status({ host: wrong, headers: { origin: `http://${wrong}` } })), wrong);
  }
});

test("a request that is no upgrade, or another method, opens nothing", async () => {
  const plain = await fetch(worker.url + "/arcp");
  assert.equal(plain.status, 426);
  assert.ok([400, 405].includes((await upgrade(url, { method: "POST" })).status));
});

test("a token in the query opens nothing, and is not repeated in the log", async () => {
  const socket = await rawSocket(`${url}?token=${secret}&access_token=${secret}`, { patienceMs: 3000 });
  if (socket.open) {
    socket.send(hello(undefined));
    const { frames, code } = await socket.toEnd();
    assert.deepEqual([frames[0].payload.code, code], ["UNAUTHENTICATED", 4401]);
  }
  assert.ok(!worker.log.some((line) => line.includes(secret)));
});

test("a token as a subprotocol opens nothing, and is not given back", async () => {
  const { head } = await upgrade(url, { headers: { "sec-websocket-protocol": `arcp, ${secret}` } });
  assert.doesNotMatch(head, /tok-alice/);
});

test("resume tokens can't be guessed: at least 128 bits, none like another, none like its session", async () => {
  const seen = new Set();
  for (let n = 0; n < 8; n++) {
    const socket = await session(url, secret);
    const { resume_token } = socket.welcome.payload;
    const secretPart = resume_token.slice(resume_token.indexOf("_") + 1);
    assert.ok(secretPart.length >= 22, "22 characters of base64url are 128 bits");
    for (let at = 0; at + 8 <= secretPart.length; at++) {
      const piece = secretPart.slice(at, at + 8);
      assert.ok(!seen.has(piece), "no part of eight comes twice");
      assert.ok(!socket.id.includes(piece));
    }
    for (let at = 0; at + 8 <= secretPart.length; at++) seen.add(secretPart.slice(at, at + 8));
    await socket.close();
  }
});

/** Tries to resume. Gives what came: a welcome's session id, or the code. */
async function resumes(token, resume) {
  const socket = await rawSocket(url);
  socket.send(hello(token, { resume }));
  const got = await socket.next("answer");
  const end = got.type === "session.welcome" ? await socket.close() : await socket.closed();
  return {
    type: got.type,
    session: got.session_id,
    code: got.payload?.code,
    message: got.payload?.message,
    close: end.code,
  };
}

test("a session is resumed by its owner alone, and what others try spends nothing", async () => {
  const owner = await session(url, secret);
  owner.say("job.submit", { agent: "echo", input: "mine" });
  await owner.until("job.result");
  const good = owner.resumption(0);
  await owner.close();
  const next = (text) => text.slice(0, -1) + (text.at(-1) === "A" ? "B" : "A");
  const attempts = [
    ["tok-bob", good],
    ["tok-bob", { ...good, last_event_seq: 1 }],
    [secret, { ...good, resume_token: next(good.resume_token) }],
    [secret, { ...good, resume_token: good.session_id.replace("sess_", "rtk_") }],
    [secret, { ...good, resume_token: good.resume_token.toUpperCase() }],
    [secret, { ...good, session_id: `sess_${ulid()}` }],
  ];
  let first;
  for (const [token, resume] of attempts) {
    const answer = await resumes(token, resume);
    assert.equal(answer.type, "session.error", JSON.stringify(answer));
    assert.notEqual(answer.session, good.session_id, "nor is it confirmed that there is such a session");
    first ??= answer;
    assert.deepEqual({ ...answer, session: 0 }, { ...first, session: 0 }, "one answer for all of them");
  }
  assert.equal(first.code, "RESUME_WINDOW_EXPIRED");
  const unauthenticated = await resumes("tok-eve", good);
  assert.deepEqual([unauthenticated.code, unauthenticated.close], ["UNAUTHENTICATED", 4401], "the bearer comes first");
  const mine = await resumes(secret, good);
  assert.deepEqual([mine.type, mine.session], ["session.welcome", good.session_id]);
});

test("a resume as a message needs the bearer too", async () => {
  const owner = await session(url, secret);
  const resume = owner.resumption(0);
  await owner.close();
  const { code, close } = await refused([frame("session.resume", resume)]);
  assert.ok(kinds.includes(code) && [4400, 4401].includes(close), `${code} ${close}`);
  assert.equal((await resumes(secret, resume)).type, "session.welcome", "and it spent nothing");
});

test("another's job looks exactly like none at all", async () => {
  const alice = await session(url, secret);
  alice.say("job.submit", { agent: "count", input: { to: 1000, delayMs: 60_000 }, idempotency_key: "k1" });
  const { job_id } = await alice.until("job.accepted");
  const bob = await session(url, "tok-bob");
  bob.say("session.list_jobs", {});
  assert.deepEqual((await bob.until("session.jobs")).payload.jobs, []);
  const answers = async (id) => {
    const found = [];
    for (const [type, payload] of [
      ["job.subscribe", { job_id: id, history: true }],
      ["job.cancel", { job_id: id, reason: "x" }],
    ]) {
      bob.say(type, payload, { job_id: id });
      const { type: answer, payload: said } = await bob.next();
      found.push([answer, said.code, said.message.replaceAll(id, "ID"), Object.keys(said).sort()]);
    }
    return found;
  };
  const theirs = await answers(job_id);
  assert.deepEqual(theirs, await answers(`job_${ulid()}`));
  assert.ok(theirs.every(([, code]) => code === "JOB_NOT_FOUND"));
  bob.say("job.submit", { agent: "count", input: { to: 1000, delayMs: 60_000 }, idempotency_key: "k1" });
  const own = await bob.until("job.accepted");
  assert.notEqual(own.job_id, job_id, "the same key of another principal is another job");
  alice.say("job.cancel", { reason: "done" }, { job_id });
  bob.say("job.cancel", { reason: "done" }, { job_id: own.job_id });
  await Promise.all([alice.until("job.error"), bob.until("job.error")]);
  await Promise.all([alice.close(), bob.close()]);
});

test("frames after the close are not read: a session that said goodbye is over", async () => {
  const socket = await session(url, secret);
  socket.say("session.close", { reason: "done" });
  socket.say("job.submit", { agent: "echo", input: 1 });
  const { frames } = await socket.toEnd();
  assert.deepEqual(
    frames.map(({ type }) => type),
    ["session.closed"],
  );
});

test("the Worker has survived all of this, and its log holds no token", async () => {
  const socket = await session(url, secret, { hello: { capabilities: { encodings: ["json"], features } } });
  socket.say("job.submit", { agent: "echo", input: { fine: true } });
  assert.deepEqual((await socket.until("job.result")).payload.result, { fine: true });
  await socket.close();
  for (const line of worker.log) assert.doesNotMatch(line, /tok-(alice|bob|eve)|rt_|rtk_/);
});

test("a thousand wrong tokens from one address are limited, and none of them is right; other addresses are not touched", async () => {
  const outcomes = new Map();
  let left = 1000;
  // The header that Cloudflare sets, and overwrites.
  const from = (address) => ({ headers: { "cf-connecting-ip": address }, patienceMs: 20_000 });
  const guess = async () => {
    while (left-- > 0) {
      const socket = await rawSocket(url, from(left % 2 ? "2001:db8::1" : `2001:db8::${left.toString(16)}`));
      if (socket.open) socket.send(hello(`guess-${left}`));
      const { frames, code } = await socket.toEnd();
      assert.ok(frames.every(({ type }) => type === "session.error"));
      const key = socket.open ? code : "refused";
      outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 16 }, guess));
  assert.deepEqual([...outcomes.keys()].sort(), [4401, "refused"], JSON.stringify([...outcomes]));
  assert.ok(outcomes.get("refused") > 500, `limited: ${JSON.stringify([...outcomes])}`);
  for (const address of ["2001:db8:0:1::1", "203.0.113.7"]) {
    await (await session(url, secret, from(address))).close();
  }
});
