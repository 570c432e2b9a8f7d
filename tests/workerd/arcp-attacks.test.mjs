// What a stranger tries at GET /arcp, on raw sockets against the running Worker: each attempt costs a connection, is
// answered with generic text and the right close code, and opens nothing. Here: before there is a session.

import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, hello, rawSocket, session, ulid, upgrade } from "../lib/arcp.mjs";
import { kinds, refused, secret, testThatItSurvived, url, worker } from "../lib/arcp-attacks.mjs";

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

test("no hello: the socket is closed with 4408 at the deadline, and not before", async () => {
  const began = Date.now();
  const socket = await rawSocket(url);
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
  const socket = await rawSocket(`${url}?token=${secret}&access_token=${secret}`);
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

testThatItSurvived();

test("a thousand wrong tokens from one address are limited, and none of them is right; other addresses are not touched", async () => {
  const outcomes = new Map();
  let left = 1000;
  // The header that Cloudflare sets, and overwrites.
  const from = (address) => ({ headers: { "cf-connecting-ip": address } });
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
  // The limit is by the minute: a machine that takes most of one for this lets more of them in.
  assert.ok(outcomes.get("refused") > 250, `limited: ${JSON.stringify([...outcomes])}`);
  for (const address of ["2001:db8:0:1::1", "203.0.113.7"]) {
    await (await session(url, secret, from(address))).close();
  }
});
