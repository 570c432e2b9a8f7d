// The benchmark of greedy neighbours still runs against what it measures: a moment of one attack.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tables } from "../../benches/attackers.mjs";

test("npm run bench -- attackers measures a neighbour while somebody attacks", { timeout: 180_000 }, async () => {
  const { text } = await tables({ plan: { rounds: 1, seconds: 1, kinds: ["requests, HTTP"] } });
  const rows = text.split("\n").filter((line) => /^\| \w/.test(line));
  assert.deepEqual(
    rows.map((line) => line.split(" | ")[0].slice(2)),
    ["the attack", "nobody", "requests, HTTP"],
  );
  assert.doesNotMatch(text, /NaN|Infinity|undefined/);
  assert.match(rows[2], /\d+ sent/);
});
