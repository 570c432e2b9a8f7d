// The repository's Worker, whose module can't be loaded at first: where memory is short for a moment, say.

import assert from "node:assert/strict";
import fs from "node:fs";
import { registerHooks, syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import { envelope } from "../lib/arc.mjs";

// The same package by another entry: Node compiles the module from its bytes.
registerHooks({
  resolve: (specifier, context, next) => next(specifier.replace(".workerd.js", ".node.js"), context),
});

test("a module that can't be loaded is asked for again with the next request", async () => {
  const { readFileSync } = fs;
  let isShort = true;
  fs.readFileSync = (place, ...options) => {
    if (isShort && String(place).endsWith(".wasm")) throw new RangeError("no memory");
    return readFileSync(place, ...options);
  };
  syncBuiltinESMExports();
  const { default: worker, revocations } = await import("../../worker/index.js");
  const env = { STATIC_TOKENS: '{"good":"alice"}' };
  const post = (path, body, handler = worker) =>
    handler.fetch(
      new Request(`http://127.0.0.1:8787${path}`, {
        method: "POST",
        headers: { authorization: "Bearer good", "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
      env,
      { waitUntil() {} },
    );
  const kept = { ...console };
  console.log = console.error = () => {};
  try {
    assert.equal((await post("/arc", envelope())).status, 500);
    assert.equal((await post("/", { issuer: "https://idp.example" }, revocations)).status, 503);
    const health = new Request("http://127.0.0.1:8787/healthz");
    assert.equal((await worker.fetch(health, env, { waitUntil() {} })).status, 200, "it lives");
    isShort = false;
    assert.equal((await post("/arc", envelope())).status, 200);
  } finally {
    Object.assign(console, kept);
  }
});
