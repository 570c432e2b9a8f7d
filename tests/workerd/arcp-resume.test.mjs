// GET /arcp in workerd: sessions that are resumed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { frame, hello, rawSocket } from "../lib/arcp.mjs";
import { at, both, runtime, startGate } from "./arcp/gate.mjs";

startGate();

test("a session is resumed by its principal and by nobody else", async () => {
  const { client, upstream } = await both();
  const resume = client.resumption(3);
  client.socket.close();
  await upstream.next();
  const before = runtime.connections;
  const thief = await rawSocket(at());
  thief.send(hello("bob", { resume }));
  const refused = await thief.toEnd();
  assert.deepEqual([refused.frames[0].payload.code, refused.code], ["RESUME_WINDOW_EXPIRED", 1000]);
  const forged = { ...resume, session_id: "sess_other" };
  const forger = await rawSocket(at());
  forger.send(hello("alice", { resume: forged }));
  assert.equal((await forger.toEnd()).frames[0].payload.code, "RESUME_WINDOW_EXPIRED");
  assert.equal(runtime.connections, before, "no try is spent upstream");

  const again = await both("alice", "", { hello: { resume } });
  assert.equal(again.client.id, client.id);
  assert.deepEqual(again.upstream.hello.payload.resume, {
    session_id: client.id,
    resume_token: `rtk_${client.id}`,
    token: `rtk_${client.id}`,
    last_event_seq: 3,
  });
  // And the connection that nobody has closed is displaced.
  const third = await both("alice", "", { hello: { resume: again.client.resumption(3) } });
  assert.equal((await again.client.closed()).code, 4409);
  assert.equal((await again.upstream.next()).closed.code, 1000);
  await third.client.close(1000);
});

test("an upstream that has not noticed the end of the old connection is asked again", async () => {
  const { client, upstream } = await both();
  const resume = client.resumption(0);
  client.socket.close();
  await upstream.next();
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
