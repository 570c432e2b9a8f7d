// A gate waits for the answer to a close, and has nothing else to be rid of a hub's socket: whatever has become of the hub, it answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Hub } from "../../pkg/arcp/runtime/hub.js";
import { readHub } from "../../pkg/arcp/runtime/options.js";
import { builtinAgents } from "../../pkg/worker.node.js";
import { durableState } from "../memory/durable-state.mjs";

async function closed(change = () => {}) {
  const state = durableState(() => assert.fail("nothing is told of itself"));
  change(state);
  const hub = new Hub(readHub({ agents: builtinAgents }), state);
  await hub.prepare();
  const closes = [];
  // One that has outlived the hub's memory, and whose peer has closed it.
  hub.closed({ readyState: 2, serializeAttachment() {}, close: (code) => closes.push(code) });
  return closes;
}

test("a hub that doesn't know the socket answers its close", async () => {
  assert.deepEqual(await closed(), [1000]);
});

test("a hub that can't be made answers it, too", async (t) => {
  const error = t.mock.method(console, "error", () => {});
  const broken = (state) => {
    state.storage.sql.exec = () => {
      throw new Error("injected: the disk is gone");
    };
  };
  assert.deepEqual(await closed(broken), [1000]);
  assert.match(error.mock.calls[0].arguments[0], /the disk is gone/);
});
