// workerFromEnv, where the module can't be loaded at first: where memory is short for a moment, say.

import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import { envelope } from "../lib/arc.mjs";

test("a module that can't be loaded is asked for again with the next request", async () => {
  const { readFileSync } = fs;
  let isShort = true;
  fs.readFileSync = (place, ...options) => {
    if (isShort && String(place).endsWith(".wasm")) throw new RangeError("no memory");
    return readFileSync(place, ...options);
  };
  syncBuiltinESMExports();
  const { workerFromEnv } = await import("../../pkg/worker.node.js");
  const env = { STATIC_TOKENS: '{"good":"alice"}' };
  const worker = workerFromEnv(env);
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
    assert.equal((await post("/", { issuer: "https://idp.example" }, worker.revocations)).status, 503);
    assert.equal(
      (await worker.fetch(new Request("http://127.0.0.1:8787/readyz"), env, { waitUntil() {} })).status,
      503,
    );
    const health = new Request("http://127.0.0.1:8787/healthz");
    assert.equal((await worker.fetch(health, env, { waitUntil() {} })).status, 200, "it lives");
    isShort = false;
    assert.equal((await post("/arc", envelope())).status, 200);
  } finally {
    Object.assign(console, kept);
  }
});
