// What a page loads may not grow unseen. The ceiling is what was measured, and a little; lower it when the size falls.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bundles, modules } from "../../benches/bundle-size.mjs";
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

test("docs/bundlers.md says so, as far as numbers of whole kB can", (t) => {
  if (!["verify", "client"].every((name) => hasOwnStd(join(root, "target/npm", name))))
    return t.skip("its numbers are those of a release");
  const page = readFileSync(join(root, "docs/bundlers.md"), "utf8").replaceAll(/\s+/g, " ");
  const { "arcgate/verify": verifier, "arcgate/client": manager, arcgate: both } = bundles();
  const { verify, client } = modules();
  for (const [line, ...measured] of [
    [
      /\| `arcgate\/verify` \| (\d+) · (\d+) \| (\d+) \|/,
      verifier.script.brotli,
      verify.module,
      verifier.inside.brotli,
    ],
    [/\| `arcgate\/client` \| (\d+) · (\d+) \| (\d+),/, manager.script.brotli, client.module, manager.inside.brotli],
    [/\| (\d+) · what is used of \d+ and \d+ \| (\d+) \|/, both.script.brotli, both.inside.brotli],
    [/what is used of (\d+) and (\d+) \|/, verify.module, client.module],
    [/the bytes of the verifier are (\d+) and those of the client (\d+),/, verify.bytes, client.bytes],
    [/it has (\d+) kB then in place of (\d+) \(/, verifier.inside.plain, verifier.script.plain],
    [/or (\d+) kB in place of (\d+) \(/, both.inside.plain, both.script.plain],
  ]) {
    const said = line.exec(page)?.slice(1).map(Number) ?? [];
    const isSo = (bytes, at) => Math.abs(said[at] - bytes / 1000) <= Math.max(1.5, said[at] * 0.03);
    assert.ok(measured.every(isSo), `${line}: ${measured.join(", ")} bytes`);
  }
});
