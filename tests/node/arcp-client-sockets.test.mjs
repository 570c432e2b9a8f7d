// What ArcpClient does with its sockets that no peer would notice, and a browser's console would.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArcpClient } from "../../pkg/entry.node.js";
import { frame } from "../lib/arcp.mjs";

const session_id = "sess_01KAVV5N4NQ7M5T0Y8PK9V2H3C";

// A socket that welcomes, and keeps what is sent in each state. A browser's says nothing of a frame for a closing one, but
// in the console.
class Scripted extends EventTarget {
  static made = [];
  readyState = 0;
  sent = [];

  constructor() {
    super();
    Scripted.made.push(this);
    queueMicrotask(() => {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
    });
  }

  send(text) {
    const { type } = JSON.parse(text);
    this.sent.push([this.readyState, type]);
    if (type === "session.hello") queueMicrotask(() => this.say("session.welcome", welcome));
  }

  say(type, payload) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame(type, payload, { session_id })) }));
  }

  close(code, reason) {
    this.readyState = 3;
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("close"), { code, reason, wasClean: true })));
  }
}

const welcome = {
  session_id,
  accepted_at: "2026-01-01T00:00:00Z",
  runtime: { name: "scripted", version: "1" },
  resume_token: "rt_01KAVV5N4NQ7M5T0Y8PK9V2H3D",
  resume_window_sec: 600,
  capabilities: { encodings: ["json"], features: [], agents: [{ name: "echo" }] },
};

test("nothing is sent on a socket that is closing", async () => {
  const client = await ArcpClient.connect("ws://127.0.0.1:1/arcp", {
    client: { name: "test", version: "1" },
    auth: { scheme: "none" },
    WebSocket: Scripted,
    reconnect: false,
  });
  const [socket] = Scripted.made;
  socket.readyState = 2;
  const refused = assert.rejects(client.submit({ agent: "echo", input: 1 }));
  assert.deepEqual(socket.sent, [[1, "session.hello"]]);
  socket.close(1000, "");
  await refused;
  await client.closed;
});
