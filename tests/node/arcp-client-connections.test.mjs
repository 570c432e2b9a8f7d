// ArcpClient in Node, against a runtime that does what a test says, over real sockets: connections that end.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TokenManager } from "../../pkg/entry.node.js";
import * as core from "../../pkg/wasm/client.js";
import { connect, endOf, event, jwt, nextOf, refusal, result, runtime, submit, waitFor } from "../lib/arcp-client.mjs";

// Half of it is there for a busy machine.
const SHORT = 8;

describe("connections that end", () => {
  test("the session goes on where it was, and each event comes once", async () => {
    const session = await connect();
    const job = await submit(session);
    event(session.peer, "job_1", 1);
    event(session.peer, "job_1", 2);
    const reading = (async () => {
      const seen = [];
      for await (const { seq } of job) seen.push(seq);
      return seen;
    })();
    await waitFor(async () => session.client.state === "open");
    await session.told("open");
    // The client has both when it answers.
    session.peer.say("session.ping", { nonce: "n", sent_at: "2026-01-01T00:00:00Z" });
    assert.equal((await nextOf(session.peer, "session.pong")).payload.ping_nonce, "n");
    session.peer.socket.terminate();
    const again = await runtime.next();
    await session.told("resumed");
    assert.deepEqual(again.hello.payload.resume, {
      session_id: session.client.sessionId,
      resume_token: `rtk_${session.client.sessionId}`,
      token: `rtk_${session.client.sessionId}`,
      last_event_seq: 2,
    });
    assert.equal((await nextOf(again, "session.list_jobs")).type, "session.list_jobs");
    event(again, "job_1", 2);
    event(again, "job_1", 3);
    result(again, "job_1", 4, "end");
    assert.deepEqual(await reading, [1, 2, 3]);
    assert.equal(await job.result, "end");
    const types = session.events.map(({ type }) => type);
    assert.deepEqual(types.slice(0, 5), ["connecting", "open", "reconnecting", "connecting", "resumed"]);
  });

  test("a token that ends moves the session without a word", async () => {
    let n = 0;
    const token = () => jwt(n++ === 0 ? SHORT : 3600, n);
    const session = await connect({ auth: { scheme: "bearer", token } });
    const job = await submit(session);
    const again = await runtime.next();
    await session.told("tokenRefreshed");
    assert.notEqual(again.hello.payload.auth.token, session.peer.hello.payload.auth.token);
    assert.equal((await endOf(session.peer)).code, 1000);
    result(again, "job_1", 1, "end");
    assert.equal(await job.result, "end");
    assert.ok(!session.events.some(({ type }) => type === "reconnecting" || type === "resumed"));
  });

  test("a TokenManager's tokens too", async () => {
    let n = 0;
    const source = {
      type: "callback",
      fetchToken: async () => ({ access_token: `opaque-${++n}`, expires_in: n === 1 ? SHORT : 3600 }),
    };
    const manager = await TokenManager.create(source);
    const session = await connect({ auth: { scheme: "bearer", token: manager } });
    const again = await runtime.next();
    await session.told("tokenRefreshed");
    assert.equal(again.hello.payload.auth.token, "opaque-2");
    manager.close();
  });

  test("4410 asks for a fresh token", async () => {
    let n = 0;
    const session = await connect({ auth: { scheme: "bearer", token: async () => `tok-number-${++n}` } });
    session.peer.socket.close(4410, "token expired or revoked");
    const again = await runtime.next();
    await session.told("resumed");
    assert.equal(again.hello.payload.auth.token, "tok-number-2");
    assert.equal((await session.told("reconnecting")).delayMs, 0);
  });

  test("what is lost with a session is told", async () => {
    const session = await connect();
    const job = await submit(session);
    const keyed = session.client.submit({ agent: "echo", idempotencyKey: "k" });
    await nextOf(session.peer, "job.submit");
    const unkeyed = session.client.submit({ agent: "echo" });
    unkeyed.catch(() => {});
    await nextOf(session.peer, "job.submit");
    runtime.greets = false;
    session.peer.socket.terminate();
    const refusing = await runtime.next();
    await waitFor(() => refusing.hello);
    runtime.greets = true;
    refusing.send({
      arcp: "1.1",
      id: "e",
      type: "session.error",
      payload: { code: "RESUME_WINDOW_EXPIRED", message: "", retryable: false },
    });
    const fresh = await runtime.next();
    const lost = await session.told("lost");
    assert.deepEqual([lost.reason, lost.jobs], ["RESUME_WINDOW_EXPIRED", ["job_1"]]);
    await refusal(job.result, "ERR_SESSION_LOST");
    const reading = job[Symbol.asyncIterator]();
    await refusal(reading.next(), "ERR_SESSION_LOST");
    await refusal(unkeyed, "ERR_NETWORK");
    const frame = await nextOf(fresh, "job.submit");
    assert.equal(frame.payload.idempotency_key, "k");
    fresh.say("job.accepted", { job_id: "job_2", request_id: frame.id });
    assert.equal((await keyed).id, "job_2");
    assert.equal(session.client.sessionId, fresh.sessionId);
  });

  test("shouldRetry decides, and so does reconnect: false", async () => {
    const seen = [];
    const session = await connect({ shouldRetry: (event) => seen.push(event) > 1 });
    session.peer.socket.close(4000, "for a reason");
    assert.equal((await session.client.closed).code, "ERR_NETWORK");
    assert.deepEqual(seen, [{ code: 4000, reason: "for a reason", wasClean: true }]);
    const once = await connect({ reconnect: false });
    const job = await submit(once);
    once.peer.socket.terminate();
    assert.equal((await once.client.closed).code, "ERR_NETWORK");
    await refusal(job.result, "ERR_NETWORK");
    await refusal(once.client.submit({ agent: "a" }), "ERR_NETWORK");
    assert.equal(once.client.state, "closed");
  });

  test("closing says goodbye, in either dialect", async () => {
    for (const answer of ["session.closed", "session.error"]) {
      const session = await connect();
      const job = await submit(session);
      const closing = session.client.close("done");
      assert.equal((await nextOf(session.peer, "session.close")).payload.reason, "done");
      session.peer.say(
        answer,
        answer === "session.error" ? { code: "INVALID_REQUEST", message: "", retryable: false } : {},
      );
      if (answer === "session.error") assert.equal((await nextOf(session.peer, "session.bye")).payload.reason, "done");
      await closing;
      assert.equal((await endOf(session.peer)).code, 1000);
      assert.deepEqual(await session.client.closed, { code: "CLOSED", reason: "done" });
      await refusal(job.result, "ERR_ABORTED");
      const afterwards = await session.client.submit({ agent: "a" }).catch((error) => error);
      assert.deepEqual([afterwards.code, afterwards.retryable], ["ERR_ABORTED", false]);
    }
    const disposed = await connect();
    const done = disposed.client[Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose")]();
    await nextOf(disposed.peer, "session.close");
    disposed.peer.say("session.closed", {});
    await done;
  });

  test("garbage ends in ERR_PROTOCOL, not in an endless loop", async () => {
    const session = await connect({ reconnect: { maxDelayMs: 1 } });
    let { peer } = session;
    // Once it may have been the connection; then it is passed over, but not for ever.
    for (const [round, garbage] of ["{", Buffer.from("binary")].entries()) {
      peer.send(garbage);
      peer = await runtime.next();
      await session.told("resumed", round + 1);
    }
    for (let n = 0; n < 100; n += 1) peer.send("{");
    assert.equal((await session.client.closed).code, "ERR_PROTOCOL");
  });

  test("after a trap a session ends with an error, and the next one works", async () => {
    const session = await connect();
    const job = await submit(session);
    assert.throws(() => core.trapForTests(), WebAssembly.RuntimeError);
    // Another part of the package finds the trap and has a fresh instance made.
    const { recoverFrom } = await import("../../pkg/platform/modules/client.js");
    recoverFrom(new WebAssembly.RuntimeError("trap"));
    event(session.peer, "job_1", 1);
    assert.equal((await session.client.closed).code, "ERR_INTERNAL");
    await refusal(job.result, "ERR_INTERNAL");
    const next = await connect();
    assert.equal(next.client.state, "open");
  });
});
