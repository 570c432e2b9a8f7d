// What the documents show in JavaScript fits the types, as strictly as TypeScript asks.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { bin, run } from "../lib/packed.mjs";
import { blocks, documents } from "../lib/snippets.mjs";

// What stands around a snippet isn't there: names that it uses, what somebody else's package declares. In JavaScript parameters have
// no types, and what a Worker is deployed with is its own to say.
const isAround = (code, text) =>
  ["TS2304", "TS2552", "TS18004", "TS2580", "TS2591", "TS7016"].includes(code) ||
  (code === "TS18046" && text.startsWith("'env' is of type 'unknown'")) ||
  (["TS2307", "TS2882"].includes(code) && !/'arcgate(\/(?!hono|express|fastify)[\w.]+)?'/.test(text));

const options = {
  strict: true,
  noImplicitAny: false,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  module: "esnext",
  moduleResolution: "bundler",
  target: "es2023",
  lib: ["es2023", "esnext.disposable", "dom", "dom.iterable"],
  types: [],
  jsx: "preserve",
  paths: {
    arcgate: [join(root, "pkg/index.d.ts")],
    "arcgate/inline": [join(root, "pkg/index.d.ts")],
    "arcgate/*.wasm": [join(root, "pkg/wasm.d.ts")],
    "arcgate/*": [join(root, "pkg/*.d.ts")],
  },
};

test("each snippet compiles", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "arcgate-snippets-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let count = 0;
  for (const document of documents()) {
    const all = ["js", "ts"].flatMap((language) => blocks(document, language));
    for (const { line, code } of all.filter(({ code }) => /from "arcgate/.test(code))) {
      count += 1;
      const name = `${document.replaceAll("/", "-")}-${line}`;
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "snippet.ts"), code);
    }
  }
  assert.ok(count > 20, `${count} snippets`);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  const { stdout } = await run(bin("tsc"), ["--project", folder, "--pretty", "false"], { cwd: folder }).catch((e) => e);
  const errors = stdout.split("\n").filter((line) => {
    const [, code, text] = /error (TS\d+): (.*)/.exec(line) ?? [];
    return code && !isAround(code, text);
  });
  assert.deepEqual(errors, []);
});
