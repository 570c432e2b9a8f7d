// Whoever is the first to come to an object, a hub or a hold, makes it write: a disk that is full is told to them, and not to the
// session that they would have had. (workerd notices at the commit; here a write that fails says so at once.)

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Hold } from "../../pkg/arcp/hold/hold.js";
import { Hub } from "../../pkg/arcp/runtime/hub.js";
import { readHub } from "../../pkg/arcp/runtime/options.js";
import { builtinAgents, ready } from "../../pkg/worker.node.js";
import { durableState } from "../memory/durable-state.mjs";

await ready();

/** Its storage, where from `full.is` on nothing can be written. */
function stateOf(full) {
  const state = durableState(() => assert.fail("nothing is told of itself"));
  const { exec } = state.storage.sql;
  state.storage.sql.exec = (query, ...values) => {
    if (full.is && !query.startsWith("SELECT") && !query.includes("IF NOT EXISTS")) throw new Error("the disk is full");
    const found = exec(query, ...values);
    const columns = /^SELECT (.*) FROM/.exec(query)?.[1].split(", ") ?? [];
    const objects = () => [...found.raw()].map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])));
    return { ...found, [Symbol.iterator]: () => objects().values() };
  };
  return state;
}

const objects = {
  "a hub": async (state) => {
    const hub = new Hub(readHub({ agents: builtinAgents }), state);
    await hub.prepare();
    return hub;
  },
  "a hold": async (state) => new Hold({ config: {}, upstream: {}, audit: () => {} }, state, {}),
};

for (const [name, make] of Object.entries(objects)) {
  describe(name, () => {
    test("that can't write greets nobody", async () => {
      const full = { is: false };
      const state = stateOf(full);
      // Its tables are there from another life.
      (await make(state)).greet();
      full.is = true;
      const again = await make(state);
      assert.throws(() => again.greet(), /the disk is full/);
    });

    test("that has greeted somebody is not asked again", async () => {
      const full = { is: false };
      const object = await make(stateOf(full));
      object.greet();
      full.is = true;
      object.greet();
    });
  });
}
