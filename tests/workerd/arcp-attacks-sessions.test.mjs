// What a stranger tries at GET /arcp, on raw sockets against the running Worker: each attempt costs a connection, is
// answered with generic text and the right close code, and opens nothing. Here: in sessions, and with those of others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, hello, rawSocket, session, ulid } from "../lib/arcp.mjs";
import { kinds, refused, secret, testThatItSurvived, url } from "../lib/arcp-attacks.mjs";

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

testThatItSurvived();
