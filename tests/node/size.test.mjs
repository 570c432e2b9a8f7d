// What a page loads may not grow unseen. The ceiling is what was measured, and a little; lower it when the size falls.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sizes } from "../../benches/size.mjs";

// Bytes in brotli by what is imported: the module, its glue and the JavaScript.
const CEILINGS = { "arcgate/verify": 73_800, "arcgate/client": 115_000, arcgate: 184_000 };

for (const [name, ceiling] of Object.entries(CEILINGS)) {
  test(`${name}: at most ${ceiling} bytes`, () => {
    const { module, script } = sizes(name);
    assert.ok(module.brotli + script.brotli <= ceiling, `${module.brotli} and ${script.brotli} bytes`);
  });
}
