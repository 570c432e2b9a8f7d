// What wasm-bindgen writes for each module, with a loader for what is compiled already.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withOwnLoader } from "../../scripts/build/loader.mjs";
import { root } from "../../scripts/setup/cache.mjs";

const read = (name) => readFileSync(join(root, `pkg/wasm/${name}.js`), "utf8");

describe("the glue loads nothing by itself, and compiles nothing", () => {
  for (const name of ["verify", "client", "gate"])
    test(name, () => {
      const [, loader] = read(name).split("function __wbg_finalize_init(");
      assert.ok(!/fetch\(|new WebAssembly\.Module|instantiateStreaming|console\./.test(loader), loader);
    });
});

test("a glue that has another loader is no glue to build with", () => {
  const glue = read("verify");
  const other = glue.replace("{ initSync, __wbg_init as default }", "{ __wbg_init as default }");
  for (const text of [glue, other, ""]) assert.throws(() => withOwnLoader(text), /writes another loader/);
});
