// What a page loads may not grow unseen. The ceiling is what was measured, and a little; lower it when the size falls.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pageSizes } from "../../benches/page-size.mjs";
import { imports, sizes } from "../../benches/size.mjs";
import { hasOwnStd } from "../../scripts/build/module.mjs";
import { root } from "../../scripts/setup/cache.mjs";

// Bytes in brotli by what is imported: the module, its glue and the JavaScript.
const CEILINGS = { "arcgate/verify": 77_950, "arcgate/client": 123_150, arcgate: 193_550 };

// Where the compiler's source is out of reach, a module has the compiler's own standard library, and is so much larger. That is no
// module for a release (RELEASING.md).
const WITHOUT_SOURCE = 11_000;

for (const [name, usual] of Object.entries(CEILINGS)) {
  const lacking = imports[name].modules.filter((module) => !hasOwnStd(join(root, "target/npm", module)));
  const ceiling = usual + lacking.length * WITHOUT_SOURCE;
  test(`${name}: at most ${ceiling} bytes`, () => {
    const { module, script } = sizes(name);
    assert.ok(module.brotli + script.brotli <= ceiling, `${module.brotli} and ${script.brotli} bytes`);
  });
}

test("what a login loads besides is what verifies, without the bytes inside", () => {
  const rows = pageSizes();
  const brotli = (name) => Number(new RegExp(`^\\| ${name} \\|.*\\| ([\\d.]+) \\|$`, "m").exec(rows)[1]);
  assert.ok(brotli("a login with TokenManager, besides") < brotli("arcgate/verify"), rows);
});
