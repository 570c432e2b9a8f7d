// GET /arcp in workerd: hellos that are refused, and upstreams that can't be reached or say nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, hello, rawSocket } from "../lib/arcp.mjs";
import { at, runtime, startGate } from "./arcp/gate.mjs";

startGate((request, socket) => {
  const answer = { "/elsewhere": "302 Found\r\nLocation: /arcp", "/refuse": "403 Forbidden" }[request.url];
  if (answer) socket.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`);
  return answer !== undefined;
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
  ["silence", undefined, "INTERNAL_ERROR", 4408, "/quick"],
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
    assert.equal(runtime.connections, before, "nothing reaches the upstream");
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
    const upstream = runtime.next();
    const client = await rawSocket(at("/quick"));
    client.send(hello("alice"));
    const { frames, code } = await client.toEnd();
    assert.deepEqual([frames[0].payload.code, code], ["INTERNAL_ERROR", 1012]);
    const there = await upstream;
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
      const upstream = runtime.next();
      const client = await rawSocket(at());
      client.send(hello("alice"));
      (await upstream).send(
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
