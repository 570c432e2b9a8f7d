// What a page loads may not grow unseen. The ceiling is what was measured, and a little; lower it when the size falls.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sizes } from "../../benches/size.mjs";

const CEILING = { module: 152_600, script: 28_700 };

for (const [name, ceiling] of Object.entries(CEILING)) {
  test(`${name}: at most ${ceiling} bytes in brotli`, () => {
    const { brotli } = sizes()[name];
    assert.ok(brotli <= ceiling, `${brotli} bytes`);
  });
}
