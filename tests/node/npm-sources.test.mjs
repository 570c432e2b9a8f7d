// The package's TypeScript as it is written: checked throughout, and in layers.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";

const folder = join(root, "npm");
const sources = new Map(
  readdirSync(folder, { recursive: true })
    .filter((name) => /(?<!\.d)\.[jt]s$/.test(name))
    .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
);

// What a file imports, for its types alone or not.
function importsOf(name) {
  const imports = sources.get(name).matchAll(/^(?:import|export)\b[^;]*?["'](\.{1,2}\/[\w./-]+)\.js["']/gms);
  return [...imports]
    .map(([, path]) => posix.join(posix.dirname(name), path))
    .map((path) => [`${path}.ts`, `${path}.js`].find((file) => sources.has(file)))
    .filter((file) => file !== undefined);
}

test("the sources are found, and what they import", () => {
  assert.ok(sources.size > 60);
  assert.ok(importsOf("api/verify.ts").includes("verify/jwt-verifier.ts"));
  assert.ok(importsOf("verify/driver.ts").includes("verify/webcrypto.js"));
});

describe("the compiler looks at each of them", () => {
  for (const [name, text] of sources) {
    test(name, () => {
      assert.ok(!/@ts-(nocheck|ignore)\b/.test(text), "nothing is left out");
      const code = text.replace(/\/\*.*?\*\/|^\s*\/\/[^\n]*/gms, "").replaceAll(/"[^"\n]*"/g, "");
      assert.ok(!/[:<|&(,]\s*any\b|\bas any\b|\bany\[\]/.test(code), "nothing is any");
    });
  }
});

test("no file imports itself by way of others", () => {
  const done = new Set();
  const visit = (name, above) => {
    const at = above.indexOf(name);
    assert.equal(at, -1, `a circle: ${[...above.slice(at), name].join(" -> ")}`);
    if (done.has(name)) return;
    for (const next of importsOf(name)) visit(next, [...above, name]);
    done.add(name);
  };
  for (const name of sources.keys()) visit(name, []);
});

// Whoever calls a module goes through the files that know how it is loaded and how it is replaced.
test("what wasm-bindgen wrote is loaded by the entries alone; others name its types", () => {
  for (const [name, text] of sources) {
    const values = [...text.matchAll(/^import (?!type\b)[^;]*?["'][./]+\/wasm\/\w+\.js["']|=> import\(/gms)];
    assert.equal(
      values.length > 0,
      /^(?:index|verify|client|worker|inline|\w+\.(?:node|edge|workerd))\.ts$/.test(name),
      name,
    );
  }
});
