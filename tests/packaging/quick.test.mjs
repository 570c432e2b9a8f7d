// The package in the tools of its users: those that tell the most in the least time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { consumers, declare } from "./harness/consumers.mjs";

const all = await consumers();

declare(all, ({ quick = [] }, way) => quick.includes(way));

test("each consumer pins what it installs, and names ways that it has", () => {
  for (const { id, manifest, ways, quick = [], todo = {} } of all) {
    const { arcgate, ...others } = { ...manifest.dependencies, ...manifest.devDependencies };
    assert.equal(arcgate, "file:arcgate.tgz", id);
    for (const [name, version] of Object.entries(others))
      assert.match(version, /^(npm:\S+@)?\d+\.\d+\.\d+\S*$/, `${id}: ${name}`);
    for (const way of [...quick, ...Object.keys(todo)]) assert.ok(ways[way], `${id}: no way "${way}"`);
  }
});
