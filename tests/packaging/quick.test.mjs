// The package in the tools of its users: those that tell the most in the least time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { consumers, declare } from "./harness/consumers.mjs";
import { lookedAtInFirefox, rows } from "./harness/document.mjs";

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

test("docs/bundlers.md has a row for each consumer, with the versions that it is tried with", () => {
  if (!process.env.ARCGATE_CONSUMERS) {
    const named = rows().map(({ name }) => name);
    assert.deepEqual(named.toSorted(), all.map(({ name }) => name).toSorted());
    const inFirefox = all.filter(({ ways }) => Object.keys(ways).some((way) => way.includes("Firefox")));
    assert.deepEqual(lookedAtInFirefox().toSorted(), inFirefox.map(({ name }) => name).toSorted());
  }
  for (const { name, manifest } of all) {
    const pinned = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).map(([as, version]) =>
      version.startsWith("npm:") ? version.slice("npm:".length).replace(/(?<=.)@/, " ") : `${as} ${version}`,
    );
    const { versions } = rows().find((row) => row.name === name);
    for (const version of versions) assert.ok(pinned.includes(version), `${name} is not tried with ${version}`);
  }
});
