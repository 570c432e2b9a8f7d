// The reports of docs/conformance are of the rules that the runner has now, agree with docs/CONFORMANCE.md, and show nobody's secrets
// or folders.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { allRules } from "../../pkg/conformance/rules/index.js";
import { Secrets } from "../../pkg/conformance/secrets.js";
import { page, row } from "../../scripts/conformance/page.mjs";
import { targets, tokens } from "../../scripts/conformance/targets.mjs";
import { root } from "../../scripts/setup/cache.mjs";

const read = (name) => readFileSync(join(root, "docs", name), "utf8");
const { version } = JSON.parse(readFileSync(join(root, "pkg.json"), "utf8"));
const rules = allRules(new Secrets());
const cells = (line) => line.slice(2, -2).split(/ (?<!\\)\| /);
/** The lines of a page's table. */
const rowsOf = (text) =>
  text
    .slice(text.indexOf("## All rules"))
    .split("\n")
    .filter((line) => /^\| A?\d/.test(line))
    .map(cells)
    .map(([rule, , by, level, title, outcome, why]) => ({ rule, by, level: level.split(" ")[0], title, outcome, why }));

for (const name of Object.keys(targets)) {
  describe(`the report of ${name}`, () => {
    assert.ok(existsSync(join(root, "docs/conformance", `${name}.md`)), `npm run conformance -- ${name}`);
    const text = read(`conformance/${name}.md`);
    const rows = rowsOf(text);

    test("has every rule that the runner has, in order, as it is worded now", () => {
      assert.deepEqual(
        rows.map(({ rule, by, level, title }) => [rule, by, level, title]),
        rules.map(({ rule, by, level, title }) => [
          rule,
          by,
          level,
          title.replaceAll("|", "\\|").replaceAll("<", "&lt;"),
        ]),
        `npm run conformance -- ${name}`,
      );
    });

    test("is of this version, and its counts and sections are those of its table", () => {
      assert.match(text, new RegExp(`by the runner of arcgate ${version.replaceAll(".", "\\.")};`));
      for (const level of ["MUST", "SHOULD", "MAY"]) {
        const of = (outcome) => rows.filter((one) => one.level === level && one.outcome === outcome).length;
        assert.ok(text.includes(`| ${level} | ${of("pass")} | ${of("**fail**")} | ${of("n/a")} |`), level);
      }
      const failed = rows.filter(({ outcome }) => outcome === "**fail**").map(({ rule }) => rule);
      assert.deepEqual(
        [...text.matchAll(/^### (A?\d+), /gm)].map(([, rule]) => rule),
        failed,
      );
    });

    test("says why what could not be tried was not", () => {
      for (const { rule, outcome, why } of rows) if (outcome === "n/a") assert.ok(why.length > 10, `${rule}: ${why}`);
    });

    test("shows no token, no folder and no address of the machine that made it", () => {
      for (const token of Object.keys(tokens)) assert.ok(!text.includes(token), token);
      // What a gate that holds sessions shows its upstream.
      assert.doesNotMatch(text, /upstream-(alice|bob)/);
      assert.doesNotMatch(text, /\brtk?_[0-9A-Za-z]{16}/);
      assert.doesNotMatch(text, /(?<![\w.])\/(work|home|root|tmp|Users|usr)\//);
      assert.doesNotMatch(text, /127\.0\.0\.1:\d|localhost:\d/);
    });

    test("stands in the table of reports as it is", () => {
      assert.ok(read("conformance/README.md").includes(`\n${row(name, text)}\n`));
    });
  });
}

test("what docs/CONFORMANCE.md says is done does not fail, and no MUST does", () => {
  const table = read("CONFORMANCE.md")
    .split("\n")
    .filter((line) => /^\| \d/.test(line))
    .map(cells);
  const status = new Map(table.map(([number, , , , is]) => [number, is]));
  for (const { rule, level, outcome } of rowsOf(read("conformance/arcgate.md"))) {
    if (level === "MUST") assert.notEqual(outcome, "**fail**", rule);
    if (status.get(rule) === "done") assert.notEqual(outcome, "**fail**", `${rule} is said to be done`);
    // What doesn't apply here is not done all the same.
    if (status.get(rule) === "not yet") assert.notEqual(outcome, "pass", `${rule} is said to be missing`);
  }
});

test("a page escapes what a runtime says, and shortens its ids", () => {
  const ulid = "01M8C3FQ1ZJ4T6W8Y0A2C4E6G8";
  const result = {
    rule: "1",
    section: "3",
    level: "MUST",
    isStated: true,
    by: "runtime",
    title: "a | b",
    outcome: "fail",
    reason: "<script> in\na text",
    notes: [],
    ms: 1,
    frames: [
      { connection: 1, ms: 0, direction: "sent", text: `{"id":"${ulid}","at":"2026-11-26T14:13:57.724Z"}` },
      {
        connection: 1,
        ms: 2,
        direction: "received",
        text: `{"job_id":"job_${ulid}","text":"\`\`\`${"x".repeat(1000)}"}`,
      },
    ],
  };
  const report = { rules: [result], startedAt: "2026-11-26T00:00:00Z", seconds: 2, features: ["ack"], resumes: "not" };
  const text = page(report, { title: "it", versions: () => "1", version });
  assert.ok(text.includes("| 1 | §3 | runtime | MUST (stated) | a \\| b | **fail** |  |"), text);
  assert.ok(text.includes("- &lt;script> in a text"));
  assert.ok(text.includes('1 → {"id":"#1","at":"<time>"}'));
  assert.ok(text.includes("job_#1"), "the same id has the same name");
  assert.equal(text.match(/```/g).length, 2);
  assert.ok(text.split("\n").every((line) => line.length < 600));
});
