// ArcpClient in Node, against a runtime that does what a test says, over real sockets: connecting.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArcpClient } from "../../pkg/entry.node.js";
import { auth, connect, endOf, me, nextOf, refusal, runtime, waitFor } from "../lib/arcp-client.mjs";

describe("connecting", () => {
  test("a session, and what is known of it", async () => {
    const { client, peer, events } = await connect();
    const { payload } = peer.hello;
    assert.deepEqual(payload.client, me.client);
    assert.deepEqual(payload.auth, auth);
    assert.equal(client.state, "open");
    assert.equal(client.sessionId, peer.sessionId);
    assert.deepEqual(client.runtime, { name: "scripted", version: "1" });
    assert.ok(client.features.has("ack") && !client.features.has("x-vendor.a.b"), "what both have");
    assert.deepEqual(client.agents, [{ name: "echo" }]);
    assert.equal(client.heartbeatIntervalSec, 30);
    assert.deepEqual(
      events.map(({ type }) => type),
      ["connecting", "open"],
    );
  });

  test("other schemes", async () => {
    const one = await connect({ auth: { scheme: "x-vendor.acme.key", token: "a key: with spaces" } });
    assert.deepEqual(one.peer.hello.payload.auth, { scheme: "x-vendor.acme.key", token: "a key: with spaces" });
    const other = await connect({ auth: { scheme: "none" } });
    assert.deepEqual(other.peer.hello.payload.auth, { scheme: "none" });
  });

  test("options and addresses are checked before anything is sent", async () => {
    const before = runtime.connections;
    const options = { ...me, auth };
    for (const [url, more, subject] of [
      ["ws://agents.example/arcp", {}, "url"],
      ["https://agents.example/arcp", {}, "url"],
      ["/arcp", {}, "url"],
      ["wss://user:secret@agents.example/arcp", {}, "url"],
      ["wss://agents.example/arcp?access_token=x", {}, "url"],
      ["wss://agents.example/arcp#x", {}, "url"],
      [`${runtime.url}?next=tok-alice`, {}, "url"],
      [runtime.url, { auth: undefined }, "auth"],
      [runtime.url, { auth: { scheme: "bearer" } }, "token"],
      [runtime.url, { auth: { scheme: "bearer", token: "a b" } }, "token"],
      [runtime.url, { auth: { scheme: "none", token: "x" } }, "auth.token"],
      [runtime.url, { auth: { scheme: "basic", token: "x" } }, "auth.scheme"],
      [runtime.url, { handshakeTimeout: 5 }, "handshakeTimeout"],
      [runtime.url, { reconnect: { maxAttempt: 5 } }, "reconnect.maxAttempt"],
      [runtime.url, { features: ["hartbeat"] }, "features"],
      [runtime.url, { client: { name: "x" } }, "client.version"],
      [runtime.url, { shouldRetry: true }, "shouldRetry"],
    ]) {
      const error = await refusal(ArcpClient.connect(url, { ...options, ...more }), "ERR_CONFIG");
      assert.equal(error.details.subject, subject, `${url} ${JSON.stringify(more)}: ${error.message}`);
      assert.ok(!error.message.includes("secret@") && !error.message.includes("tok-alice"));
    }
    assert.equal(runtime.connections, before);
  });

  test("nobody there, or nobody who says welcome", async (t) => {
    const error = await refusal(ArcpClient.connect("ws://127.0.0.1:9/arcp", { ...me, auth }), "ERR_NETWORK");
    assert.equal(error.retryable, true);
    runtime.greets = false;
    // Time passes once the hello is there, however long that took.
    t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
    const silent = ArcpClient.connect(runtime.url, { ...me, auth, handshakeTimeoutMs: 100 });
    const peer = await runtime.next();
    await nextOf(peer, "session.hello");
    t.mock.timers.tick(100);
    await refusal(silent, "ERR_HANDSHAKE_TIMEOUT");
    assert.ok(await endOf(peer));
  });

  test("a refusal is told as it is, without a session's id and without the token", async () => {
    runtime.greets = false;
    const refused = ArcpClient.connect(runtime.url, { ...me, auth });
    const peer = await runtime.next();
    const text = "tok-alice is not known here";
    peer.send({
      arcp: "1.1",
      id: "e",
      type: "session.error",
      payload: { code: "UNAUTHENTICATED", message: text, retryable: false, details: null },
    });
    const error = await refusal(refused, "ERR_UNAUTHENTICATED");
    assert.equal(error.message, "UNAUTHENTICATED: [token] is not known here");
    assert.equal(error.details.code, "UNAUTHENTICATED");
  });

  test("a refused token is replaced once", async () => {
    const asked = [];
    const manager = {
      invalidate: (token) => asked.push(["invalidate", token]),
      getToken: async (options = {}) => {
        asked.push(["get", options.forceRefresh === true]);
        return options.forceRefresh ? "tok-fresh" : "tok-stale";
      },
    };
    runtime.greets = false;
    const refuse = (peer) =>
      peer.send({
        arcp: "1.1",
        id: "e",
        type: "session.error",
        payload: { code: "UNAUTHENTICATED", message: "", retryable: false },
      });
    const refused = ArcpClient.connect(runtime.url, { ...me, auth: { scheme: "bearer", token: manager } });
    refused.catch(() => {});
    const one = await runtime.next();
    await waitFor(() => one.hello);
    refuse(one);
    const other = await runtime.next();
    await waitFor(() => other.hello);
    assert.equal(other.hello.payload.auth.token, "tok-fresh");
    assert.deepEqual(asked, [
      ["get", false],
      // Another client may have renewed it meanwhile.
      ["get", false],
      ["invalidate", "tok-stale"],
      ["get", true],
    ]);
    refuse(other);
    await refusal(refused, "ERR_UNAUTHENTICATED");
  });

  test("a source of tokens that fails says why", async () => {
    const token = async () => {
      throw new Error("the login page is gone");
    };
    const error = await refusal(
      ArcpClient.connect(runtime.url, { ...me, auth: { scheme: "bearer", token } }),
      "ERR_REFRESH_UNAVAILABLE",
    );
    assert.equal(error.cause.message, "the login page is gone");
  });

  test("a signal gives up, and closes later", async () => {
    const abort = new AbortController();
    const token = () => new Promise(() => {});
    const waiting = ArcpClient.connect(runtime.url, { ...me, auth: { scheme: "bearer", token }, signal: abort.signal });
    abort.abort();
    await refusal(waiting, "ERR_ABORTED");
    await refusal(ArcpClient.connect(runtime.url, { ...me, auth, signal: abort.signal }), "ERR_ABORTED");
    const later = new AbortController();
    const { client } = await connect({ signal: later.signal });
    later.abort();
    assert.equal((await client.closed).code, "CLOSED");
  });

  test("a WebSocket class of one's own", async () => {
    const urls = [];
    class Own extends WebSocket {
      constructor(...args) {
        urls.push(args);
        super(...args);
      }
    }
    await connect({ WebSocket: Own });
    assert.deepEqual(urls, [[runtime.url]], "the address and nothing else");
  });
});
