// Frames of many are handled together, and the policy is asked when what comes of them is done: what has not been put to it yet must
// not be why the next question is one too many.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Hub } from "../../pkg/arcp/runtime/hub.js";
import { readHub } from "../../pkg/arcp/runtime/options.js";
import { builtinAgents } from "../../pkg/worker.node.js";
import { frame, hello } from "../lib/arcp.mjs";
import { durableState } from "../memory/durable-state.mjs";

/** A hub whose time stands still, so that all is said soon after something was done; `asked` counts its policy's questions. */
async function stillHub(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: Date.now() });
  const asked = { count: 0 };
  const canObserve = () => {
    asked.count += 1;
    return false;
  };
  const state = durableState(() => assert.fail("nothing is told of itself"));
  const options = readHub({ agents: builtinAgents, policy: { canObserve, canCancel: () => false }, audit: () => {} });
  const hub = new Hub(options, { ...state, acceptWebSocket: () => {} });
  await hub.prepare();
  hub.greet();
  const connect = (id) => {
    const got = [];
    const socket = { send: (text) => got.push(JSON.parse(text)), serializeAttachment() {}, close() {} };
    const say = (message) => hub.received(socket, JSON.stringify(message));
    hub.connected(socket, false);
    const principal = JSON.stringify({ id, kind: "static" });
    say(hello("", { auth: { scheme: "x-vendor.arcgate.principal", token: principal } }));
    const { session_id, type } = got.shift();
    assert.equal(type, "session.welcome");
    return { got, say: (kind, payload) => say(frame(kind, payload, { session_id })) };
  };
  return { asked, connect };
}

test("a policy that answers at once is never asked too much, however many speak beside", async (t) => {
  const { asked, connect } = await stillHub(t);
  const [auditor, other] = [connect("auditor"), connect("other")];
  for (let at = 0; at < 40; at += 1) {
    auditor.say("job.subscribe", { job_id: `job_${at}` });
    other.say("session.ping", { nonce: "n" });
  }
  assert.equal(asked.count, 32, "what is said soon after goes together, as far as so many questions may wait");
  t.mock.timers.tick(5);
  assert.equal(asked.count, 40);
  assert.deepEqual(new Set(auditor.got.map(({ payload }) => payload.code)), new Set(["JOB_NOT_FOUND"]));
  assert.equal(auditor.got.length, 40);
});
