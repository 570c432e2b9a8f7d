// The crate's ArcpClient in Node against the ARCP SDK's runtime in Python: results of each form, a failure, a cut, a cancel.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { pageOf } from "../browser/rust-page.mjs";
import { startRelay, startRuntime } from "../lib/arcp-peers.mjs";
import { buildRust } from "../lib/rust-module.mjs";

let runtime;
let relay;
let session;
before(async () => {
  runtime = await startRuntime({ tokens: { "tok-alice": "alice" } });
  relay = await startRelay(runtime.port);
  const { folder, wasm } = await buildRust(fileURLToPath(new URL("../rust-session", import.meta.url)), "rust_session");
  session = pageOf(await import(`${folder}/rust_session.js`), readFileSync(wasm));
});
after(async () => {
  await relay?.close();
  await runtime?.close();
});

test("a fresh token after one that is refused", async () => {
  const { value } = await session.connect(relay.url, ["tok-eve", "tok-alice"]);
  assert.equal(JSON.parse(value)[0], "Open");
});

test("a value, a text in pieces, bytes in pieces, a failure", async () => {
  assert.deepEqual(await session.run("echo", '{"a":1}'), { value: '{"a":1}' });
  assert.deepEqual(await session.run("stream", '{"text":["ab","ç","","😀z"]}'), { value: '"abç😀z"' });
  assert.deepEqual(await session.run("stream", '{"bytes":300000,"size":70001}'), { value: "300000 bytes" });
  assert.deepEqual(await session.run("nobody", "1"), { error: 'ERR_REMOTE Text("AGENT_NOT_AVAILABLE")' });
});

test("a cut between two jobs, and a cancel", async () => {
  relay.cut();
  while (!session.told().includes("resumed")) await new Promise((resolve) => setTimeout(resolve, 10));
  await session.count(20, 5);
  assert.deepEqual(await session.result(), { value: "20" });
  await session.counted(20);
  assert.deepEqual(
    session.seen(),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  await session.count(10_000, 20);
  await session.counted(2);
  assert.deepEqual(await session.cancel(), { value: null });
  assert.deepEqual(await session.result(), { error: 'ERR_REMOTE Text("CANCELLED")' });
  assert.deepEqual(await session.close(), { value: '["done",true]' });
});
