// A test file that failed runs once more by itself, and the summary says so; what fails each time, or may not be repeated, is a failure
// that tells its cause at the end.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";
import { alone } from "../../scripts/test/alone.mjs";
import { nodeCommand, runFiles } from "../../scripts/test/files.mjs";
import { once } from "../../scripts/test/once.mjs";
import { outcome, summarize } from "../../scripts/test/report.mjs";
import { suites } from "../../scripts/test/suites.mjs";

let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "arcgate-second-try-"));
  // What this process starts would take itself for one of its test files.
  delete process.env.NODE_TEST_CONTEXT;
});
after(() => rmSync(folder, { recursive: true, force: true }));

// A test file: `steps` stand between its two tests that pass. `times` is how often it has begun.
function fixture(name, steps) {
  const file = join(folder, `${name}.test.mjs`);
  const begun = join(folder, `${name}.times`);
  rmSync(begun, { force: true });
  writeFileSync(
    file,
    `import { appendFileSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
appendFileSync(${JSON.stringify(begun)}, "1");
const times = readFileSync(${JSON.stringify(begun)}, "utf8").length;
test("the first", () => {});
${steps}
test("the last", () => {});
`,
  );
  return file;
}

const timesOf = (file) => readFileSync(file.replace(/\.test\.mjs$/, ".times"), "utf8").length;

const passing = "";
const failing = `test("always fails", () => { throw new Error("as always"); });`;
const failingOnce = `test("sometimes fails", () => { if (times === 1) throw new Error("only once"); });`;
// The file fails, and no test of it.
const leaking = (rounds) => `test("lets go", () => { ${rounds} leak(); });
async function leak() { await new Promise((resolve) => setImmediate(resolve)); throw new Error("nobody awaited this"); }
after(() => new Promise((resolve) => setTimeout(resolve, 20)));`;

async function run(files, more) {
  const command = (file) => nodeCommand(process.execPath, [], file);
  const result = await runFiles({ files, command, atOnce: 2, again: true, ...more });
  const lines = [];
  const code = summarize([{ name: "it", seconds: 1, ...result }], (line) => lines.push(line));
  return { ...result, code, said: lines.join("\n"), line: outcome(result) };
}

describe("a file that failed", { concurrency: 1 }, () => {
  test("the first time alone makes its suite green, and is named", async () => {
    const files = [fixture("good", passing), fixture("sometimes", failingOnce)];
    const { passed, failed, code, said, line } = await run(files);
    assert.deepEqual([passed, failed, code, files.map(timesOf)], [5, 0, 0, [1, 2]], said);
    assert.equal(line, "5 passed, 1 file at the second try: sometimes.test.mjs");
    assert.match(said, /^ {2}it +1\.0 s {2}5 passed, 0 failed, 1 file at the second try: sometimes\.test\.mjs$/m);
    assert.match(
      said,
      /sometimes\.test\.mjs failed at the first try\n[\s\S]*✔ the first[\s\S]*Error: only once[\s\S]*Summary/,
    );
    assert.equal(said.split("\n").at(-1), "5 passed, 0 failed");
  });

  test("each time is a failure, counted once", async () => {
    const files = [fixture("good", passing), fixture("always", failing)];
    const { passed, failed, code, said, again } = await run(files);
    assert.deepEqual([passed, failed, code, again, timesOf(files[1])], [4, 1, 1, [], 2], said);
    assert.match(said, /always\.test\.mjs failed\n✖ failing tests:[\s\S]*Error: as always[\s\S]*Summary/);
    assert.equal(said.split("\n").at(-1), "4 passed, 1 failed");
  });

  test("beside one that fails for good has its try, too", async () => {
    const { failures, again, passed, failed } = await run([
      fixture("sometimes", failingOnce),
      fixture("always", failing),
    ]);
    assert.deepEqual([failures.length, again.length, passed, failed], [2, 1, 5, 1]);
  });

  test("without a test that did says at the end how it ended, and where the error comes from", async () => {
    const { failed, said, code } = await run([fixture("leaks", leaking(""))], { again: false });
    assert.deepEqual([failed, code], [1, 1]);
    const end = said.slice(said.indexOf("✖ failing tests:"), said.indexOf("Summary"));
    assert.match(end, /leaks\.test\.mjs ended by exit code 1/);
    assert.match(end, /Test "lets go" at .* generated asynchronous activity after the test ended/);
    assert.match(end, /unhandled rejection: Error: nobody awaited this\n +at leak \(.*leaks\.test\.mjs:\d+/);
  });

  test("without a test that did is tried again like any other", async () => {
    const { passed, failed, line } = await run([fixture("leaks-once", leaking("if (times === 1)"))]);
    assert.deepEqual([passed, failed], [3, 0]);
    assert.match(line, /1 file at the second try: leaks-once\.test\.mjs/);
  });

  test("by a signal, or before it had a test, says that", async () => {
    const files = [fixture("killed", "process.kill(process.pid, 'SIGKILL');"), fixture("broken", "import 'nothing';")];
    const { failed, said } = await run(files, { again: false });
    assert.equal(failed, 2);
    assert.match(said, /killed\.test\.mjs ended by signal SIGKILL\n/);
    assert.match(said, /broken\.test\.mjs ended by exit code 1\n[\s\S]*Cannot find package 'nothing'/);
  });

  test("that fails at random moments on purpose is never repeated", async () => {
    const [good, sometimes] = [fixture("good", passing), fixture("kills", failingOnce)];
    const { failed, said, line } = await run([good, sometimes], { once: { [sometimes]: "a reason" } });
    assert.deepEqual([failed, timesOf(sometimes), line], [1, 1, "FAILED (1)"], said);
  });

  test("with three others has no try: that is no accident", async () => {
    const some = (count) => Array.from({ length: count }, (_, n) => fixture(`of-${count}-${n}`, failingOnce));
    assert.deepEqual((await run(some(3))).failed, 0);
    const four = some(4);
    assert.deepEqual([(await run(four)).failed, four.map(timesOf)], [4, [1, 1, 1, 1]]);
  });

  test("is not mended by a second try that runs fewer tests", async () => {
    const skipping = `test("sometimes there", { skip: times === 2 }, () => { throw new Error("once"); });`;
    const leaving = `test("sometimes there", () => { throw new Error("once"); }); if (times === 2) process.exit(0);`;
    for (const [name, steps] of Object.entries({ skipping, leaving })) {
      const { failed, code, said } = await run([fixture(name, steps)]);
      assert.deepEqual([failed, code], [1, 1], said);
      assert.match(said, new RegExp(`${name}\\.test\\.mjs: at the second try \\d tests passed, of 3 that there were`));
    }
  });

  test("because it goes on for ever is ended, whatever is heard of it", async () => {
    const file = fixture(
      "chatter",
      `test("talks", () => new Promise(() => setInterval(() => console.log("still"), 100)));`,
    );
    const { failed, line } = await run([file], { longest: 6000 });
    assert.deepEqual([failed, timesOf(file)], [1, 1]);
    assert.match(line, /^FAILED: it was not over after 6 s/);
  });

  test("because nothing was heard of it any more is not waited for twice", async () => {
    const file = fixture("silent", "await new Promise((resolve) => setTimeout(resolve, 600_000));");
    const { failed, said, line } = await run([file], { patience: 6000 });
    assert.deepEqual([failed, timesOf(file)], [1, 1]);
    assert.match(line, /^FAILED: nothing was heard for 6 s/);
    assert.match(said, /silent\.test\.mjs was ended: nothing was heard for 6 s/);
  });
});

test("the lists name files that there are", () => {
  const files = suites.flatMap(({ files }) => files ?? []);
  for (const [file, reason] of Object.entries({ ...alone, ...once })) {
    assert.ok(files.includes(file), `${file} is no test file`);
    assert.ok(reason, file);
  }
  assert.ok(files.includes("tests/node/second-try.test.mjs"), root);
});

test("a long failure shows how it began and how it ended", () => {
  const output = `✔ a\n\n✖ failing tests:\n${Array.from({ length: 400 }, (_, n) => `line ${n}`).join("\n")}\n`;
  const lines = [];
  const failures = [{ file: "long.test.mjs", output }];
  summarize([{ name: "it", passed: 1, failed: 1, failures, output }], (line) => lines.push(line));
  const said = lines.join("\n");
  assert.ok(said.split("\n").length < 170, said);
  for (const line of ["✖ failing tests:", "line 0\n", "line 399\n", "…"]) assert.ok(said.includes(line), line);
});
