// What one address, one principal, one session may take of a gate; and that whoever says nothing, or doesn't let go, takes
// nothing for long.

import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, hello, rawSocket, session, upgrade } from "../lib/arcp.mjs";
import { muteClient, muteServer } from "../lib/mute.mjs";
import { at, both, runtime, startGate, worker } from "./arcp/gate.mjs";

let mute;

startGate((request, socket) => {
  if (request.url === "/mute") mute.resolve(muteServer(request, socket));
  return request.url === "/mute";
});

const from = (address) => ({ headers: { "cf-connecting-ip": address } });

test("who says nothing and answers no close is cut off, and nobody else is touched", async () => {
  const bystander = await both();
  const silent = await muteClient(at("/silent"));
  await silent.closed(4408);
  await silent.ended();
  const next = await both("alice", "/silent");
  await next.client.close(1000);
  silent.destroy();
  bystander.upstream.say("job.event", {});
  assert.equal((await bystander.client.next()).type, "job.event");
  await bystander.client.close(1000);
});

test("so is who has a session, whatever its end", async () => {
  const upstream = runtime.next();
  const silent = await muteClient(at("/silent"));
  silent.say(hello("alice"));
  await silent.told("session.welcome");
  silent.say(frame("job.submit", {}, { session_id: "sess_other" }));
  await silent.closed(4400);
  assert.equal((await upgrade(at("/silent"))).status, 503, "it takes its place until then");
  assert.equal((await (await upstream).next()).closed.code, 1000, "the upstream is let go at once");
  await silent.ended();
  silent.destroy();
});

test("so is an upstream that answers no close", async () => {
  mute = Promise.withResolvers();
  const client = await rawSocket(at("/mute"));
  client.send(hello("alice"));
  const upstream = await mute.promise;
  await upstream.until((bytes) => bytes.length > 50, "hello");
  upstream.say(
    frame("session.welcome", { runtime: { name: "m", version: "1" }, capabilities: {} }, { session_id: "sess_m" }),
  );
  assert.equal((await client.next()).type, "session.welcome");
  await client.close(1000);
  assert.equal((await upgrade(at("/mute"))).status, 503, "it takes its place until then");
  await upstream.ended();
  assert.equal((await upgrade(at("/mute"))).status, 101);
  upstream.destroy();
});

test("a principal has so many connections, wherever it comes from; so has an address", async () => {
  const two = [await both("alice", "/places"), await both("alice", "/places")];
  const third = await rawSocket(at("/places"));
  third.send(hello("alice"));
  const { frames, code } = await third.toEnd();
  assert.equal(code, 4429);
  const { code: told, retryable, details } = frames[0].payload;
  assert.deepEqual([told, retryable], ["PERMISSION_DENIED", true]);
  assert.deepEqual(details, { reason: "too_many_connections", limit: 2 });
  const bob = await both("bob", "/places", from("2001:db8:0:1::1"));
  const carol = await both("reader", "/places", from("2001:db8:0:1:2::1"));
  const { status, head } = await upgrade(at("/places"), from("2001:db8:0:1::3"));
  assert.equal(status, 429);
  assert.match(head, /retry-after: 5/i);
  assert.equal((await upgrade(at("/places"), from("2001:db8:0:2::1"))).status, 101);
  await bob.client.close(1000);
  await (await both("context", "/places", from("2001:db8:0:1::3"))).client.close(1000);
  await two[0].client.close(1000);
  const again = await both("alice", "/places");
  for (const { client } of [two[1], carol, again]) await client.close(1000);
});

test("what was counted before the platform's rate limit was asked is counted again after it", async () => {
  const sockets = await Promise.all(Array.from({ length: 6 }, () => rawSocket(at("/slowRate"), from("192.0.2.1"))));
  assert.equal(sockets.filter(({ open }) => open).length, 2);
  for (const { socket } of sockets) socket.close();
});

test("who says too much is cut off, and others go on", async () => {
  const other = await both("bob", "/rates");
  const { client, upstream } = await both("alice", "/rates");
  for (let n = 0; n < 60; n += 1) client.say("session.list_jobs", { n });
  assert.equal((await client.toEnd()).code, 4429);
  let passed = 0;
  for (;;) {
    const got = await upstream.next();
    if (got.closed) break;
    passed += 1;
  }
  assert.ok(passed >= 50 && passed < 60, `${passed} frames passed`);
  other.client.say("session.list_jobs", {});
  assert.equal((await other.upstream.next()).type, "session.list_jobs");
  await other.client.close(1000);
});

test("nor does it help to say it over many connections", async () => {
  const sessions = [];
  // Each is within its own bound, and all together are far beyond theirs: it leaks while they speak.
  for (let n = 0; n < 12; n += 1) sessions.push(await both("reader", "/rates"));
  for (const { client } of sessions) for (let n = 0; n < 40; n += 1) client.say("session.list_jobs", { n });
  await Promise.any(sessions.map(async ({ client }) => assert.equal((await client.toEnd()).code, 4429)));
  for (const { client } of sessions) client.socket.close();
});

test("nor to come again: whoever is over is refused before the upstream hears of it", async () => {
  // The bucket leaks all the while: until one comes in time.
  let refusal;
  for (let round = 1; refusal === undefined; round += 1) {
    assert.ok(round <= 20, "nobody is refused");
    const sessions = [];
    for (let n = 0; n < 8 && refusal === undefined; n += 1) {
      const client = await session(at("/rates"), "context").catch(({ message }) => {
        refusal = message;
      });
      if (client === undefined) continue;
      await runtime.next();
      sessions.push(client);
      for (let n = 0; n < 40; n += 1) client.say("session.list_jobs", { n });
    }
    for (const { socket } of sessions) socket.close();
  }
  assert.match(refusal, /^not welcomed:.*"code":"INTERNAL_ERROR".*"details":\{"reason":"too_many_requests"\}/);
  const { client, upstream } = await both("bob", "/rates");
  client.say("session.list_jobs", {});
  assert.equal((await upstream.next()).type, "session.list_jobs", "the upstream has heard of nobody else");
  await client.close(1000);
});

test("a token that is taken back while the upstream is opened opens nothing; nor does one that nobody can look up", async () => {
  for (const [token, code, close] of [
    ["late", "UNAUTHENTICATED", 4410],
    ["flaky", "INTERNAL_ERROR", 1012],
  ]) {
    const upstream = runtime.next();
    const client = await rawSocket(at("/taken"));
    client.send(hello(token));
    const { frames, code: closed } = await client.toEnd();
    assert.deepEqual([frames.map(({ payload }) => payload.code), closed], [[code], close], token);
    assert.equal((await (await upstream).next()).closed.code, 1000, "it hears nothing of anybody");
  }
});

test("a token that is taken back before the welcome gets none", async () => {
  runtime.greets = false;
  try {
    const coming = runtime.next();
    const client = await rawSocket(at("/revocable"));
    client.send(hello("grace"));
    const upstream = await coming;
    assert.equal((await upstream.next()).type, "session.hello");
    await fetch(`${worker.url}/revoke`, { method: "POST", body: "grace" });
    upstream.welcome();
    const { frames, code } = await client.toEnd();
    assert.deepEqual([frames.map(({ type }) => type), code], [["session.error"], 4410]);
  } finally {
    runtime.greets = true;
  }
});

test("a frame that is larger than all that may wait arrives, in both directions", async () => {
  const { client, upstream } = await both("alice", "/slow");
  const data = "x".repeat(900_000);
  for (let n = 1; n <= 3; n += 1) {
    upstream.say("job.event", { data }, { event_seq: n });
    assert.equal((await client.next()).payload.data.length, data.length);
    client.say("job.submit", { input: data });
    assert.equal((await upstream.next()).payload.input.length, data.length);
  }
  await client.close(1000);
});

test("half a character of an upstream passes byte for byte, and what can't be read is named once", async () => {
  const { client, upstream } = await both();
  const arrived = new Promise((resolve) =>
    client.socket.addEventListener("message", ({ data }) => resolve(data), { once: true }),
  );
  const text = `{"arcp":"1.1","id":"01J","type":"job.event","session_id":"${client.id}","job_id":"j","event_seq":1,"payload":{"body":{"data":"x\\ud83d"}}}`;
  upstream.send(text);
  assert.equal(await arrived, text);
  await client.next();
  upstream.send(text.replace('"event_seq":1', '"event_seq":2').replace('"x', "x"));
  const { frames, code } = await client.toEnd();
  assert.equal(code, 4422);
  assert.deepEqual(frames[0].payload, {
    code: "INTERNAL_ERROR",
    message: "The runtime's event 2 can't be passed on: it can't be read",
    retryable: false,
    details: { reason: "upstream_malformed", event_seq: 2, type: "job.event", job_id: "j" },
  });
});
