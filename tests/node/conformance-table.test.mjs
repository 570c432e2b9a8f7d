// docs/CONFORMANCE.md keeps its word: every rule has a row, and every test that a row names exists.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../scripts/setup/cache.mjs";

const rows = readFileSync(join(root, "docs/CONFORMANCE.md"), "utf8")
  .split("\n")
  .filter((line) => /^\| \d/.test(line))
  .map((line) => {
    const [number, section, by, rule, status, proof] = line
      .slice(2, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim());
    return { number: Number(number), section, by, rule, status, proof };
  });

// 124 to 130 are not in use.
const numbers = [...Array.from({ length: 123 }, (_, i) => i + 1), ...Array.from({ length: 23 }, (_, i) => i + 131)];

test("every number is there, once, in order", () => {
  assert.deepEqual(
    rows.map(({ number }) => number),
    numbers,
  );
});

test("every row says whose rule it is, what it is and how it stands", () => {
  for (const { number, section, by, rule, status, proof } of rows) {
    assert.match(section, /^(v1\.0 )?\d+(\.\d+)?$/, `${number}`);
    assert.match(by, /^[CRGB]$/, `${number}`);
    assert.ok(rule.length > 5, `${number}`);
    assert.match(status, /^(done|no|not yet)$/, `${number}`);
    assert.ok(proof.length > 5, `${number}: a test, or a reason`);
  }
});

/** Whether a file has a test of that name. */
function has(file, name) {
  const path = join(root, file);
  if (!existsSync(path)) return `${file} is not there`;
  const text = readFileSync(path, "utf8").replaceAll(/\btest\(\s+/g, "test(");
  const found = file.endsWith(".rs")
    ? // Within proptest!, too.
      new RegExp(`#\\[test\\]\\s+(?:#\\[[^\\]]*\\]\\s+)*fn ${name}\\(`).test(text)
    : ['"', "'", "`"].some((mark) => text.includes(`test(${mark}${name}${mark}`));
  return found ? undefined : `${file} has no test ${JSON.stringify(name)}`;
}

const folder = join(root, "tests/transcripts");
const transcripts = readdirSync(folder).flatMap((machine) =>
  readdirSync(join(folder, machine)).map((file) => {
    const [head] = readFileSync(join(folder, machine, file), "utf8").split("\n");
    return { name: `${machine}/${file.replace(".jsonl", "")}`, ...JSON.parse(head) };
  }),
);

test("every test and transcript that is named exists, and what is done names one", () => {
  let named = 0;
  for (const { number, status, proof } of rows) {
    const tests = [...proof.matchAll(/`([\w./-]+): ([^`]+)`/g)];
    const played = [...proof.matchAll(/`((?:gate|runtime|client)\/[\w-]+)`/g)].map(([, name]) => name);
    if (status === "done") assert.ok(tests.length + played.length > 0, `${number} is done, but names no test`);
    for (const [, file, name] of tests) assert.equal(has(file, name), undefined, `${number}`);
    for (const name of played)
      assert.ok(
        transcripts.some((one) => one.name === name),
        `${number}: no ${name}`,
      );
    named += tests.length + played.length;
  }
  assert.ok(named > 100, `${named} are named`);
});

test("a transcript that cites a rule stands in its row", () => {
  for (const { name, cites } of transcripts) {
    for (const number of cites) {
      assert.ok(rows.find((row) => row.number === number)?.proof.includes(`\`${name}\``), `${name} cites ${number}`);
    }
  }
});
