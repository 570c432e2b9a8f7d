// GET /arcp in workerd: how many connections there may be, and who must give way.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { WebSocket } from "ws";
import { frame, hello, rawSocket, session, upgrade } from "../lib/arcp.mjs";
import { logged } from "../lib/logged.mjs";
import { muteClient } from "../lib/mute.mjs";
import { at, runtime, startGate, worker } from "./arcp/gate.mjs";

startGate();

test("the platform's rate limit is asked by address", async () => {
  const from = (address) => upgrade(at("/rate"), { headers: { "cf-connecting-ip": address } });
  assert.equal((await from("192.0.2.1")).status, 101);
  assert.equal((await from("192.0.2.66")).status, 429);
  assert.equal((await from("192.0.2.99")).status, 101, "a counter that fails keeps nobody out");
  assert.equal((await upgrade(at("/unbound"), { headers: { "cf-connecting-ip": "192.0.2.1" } })).status, 500);
});

test("a client that does not read is cut off, and costs no memory for long", async () => {
  const coming = runtime.next();
  // Uncompressed: or a hundred megabytes of this would fit into what the sockets hold.
  const client = new WebSocket(at("/slow"), { perMessageDeflate: false });
  await once(client, "open");
  client.send(JSON.stringify(hello("alice")));
  const upstream = await coming;
  await once(client, "message");
  client._socket.pause();
  const event = JSON.stringify(frame("job.event", { data: "x".repeat(100_000) }, { session_id: upstream.sessionId }));
  let sent = 0;
  const over = upstream.next("end");
  // Past what the sockets between hold by themselves.
  while (upstream.socket.readyState === WebSocket.OPEN && sent < 1000) {
    await new Promise((resolve) => upstream.socket.send(event, resolve));
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
  await logged(worker.log, /too_many_silent/);
});

test("those who are silent for a while are few, whatever the places", async () => {
  const first = await muteClient(at("/hush"));
  const second = await muteClient(at("/hush"));
  await first.ended();
  const known = await session(at("/hush"), "alice");
  await known.close(1000);
  second.destroy();
});
