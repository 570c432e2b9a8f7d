// What `npm test` runs is ended when nothing is heard of it any more, and says what it was at.

import assert from "node:assert/strict";
import { test } from "node:test";
import { runWatched, whatRuns } from "../../scripts/test/watched.mjs";

test("a program that says nothing any more is ended, with all that it has started", { timeout: 60_000 }, async () => {
  const inner = `console.log("test a::hangs has been running for over 60 seconds"); setInterval(() => {}, 1000)`;
  const outer = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(inner)}], { stdio: "inherit" })`;
  const { code, stuck } = await runWatched(process.execPath, ["-e", outer], { patience: 10_000 });
  assert.equal(code, 1);
  assert.match(stuck, /nothing was heard for 10 s: still running: a::hangs/);
});

test("one that comes to its end is what it was", { timeout: 60_000 }, async () => {
  const lines = [];
  const program = `console.log("one\\n\\ntwo"); console.error("three"); process.exitCode = 7`;
  const result = await runWatched(process.execPath, ["-e", program], { onLine: (line) => lines.push(line) });
  assert.deepEqual([result.code, result.stuck, lines.sort()], [7, undefined, ["one", "three", "two"]]);
  assert.match(result.output, /one\n\ntwo\n/);
});

test("of tests in Rust those are named that have not ended", () => {
  const long = (name) => `test ${name} has been running for over 60 seconds\n`;
  const before = `${long("old")}test result: ok. 1 passed; 0 failed\n`;
  assert.equal(whatRuns(`${before}....${long("a")}${long("b")}test a ... ok\n`), "still running: b");
  assert.equal(whatRuns(`${before}✔ a\n✔ b\n`), 'the last that it said was "✔ b"');
});
