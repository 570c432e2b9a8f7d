// The conformance runner says of the runtime that stands in for the TypeScript SDK's what it said of that one: so what is shown with
// the one holds for the other.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readOptions } from "../../pkg/conformance/options.js";
import { runConformance } from "../../pkg/conformance/run.js";
import { root } from "../../scripts/setup/cache.mjs";
import { startTypescriptRuntime } from "../lib/typescript-runtime/runtime.mjs";

/** What the stand-in leaves out, and what takes a minute. */
const apart = {
  leases: ["71", "73", "74", "99"],
  "messages of 8 MB and more, and raw frames of WebSockets": /^A(?!7$|8$|25$)/,
  "heartbeats of 30 s": ["1", "15", "16", "17", "18", "19"],
};
const isApart = (rule) => Object.values(apart).some((of) => (of.test ? of.test(rule) : of.includes(rule)));

const outcomes = { pass: "pass", "**fail**": "fail" };
const seen = [
  ...readFileSync(join(root, "docs/conformance/typescript.md"), "utf8").matchAll(
    /^\| (A?\d+) \|.*?(?<!\\)\| (pass|\*\*fail\*\*) \|/gm,
  ),
]
  .map(([, rule, outcome]) => [rule, outcomes[outcome]])
  .filter(([rule]) => !isApart(rule));

test("each rule that was judged has the same outcome", { timeout: 120_000 }, async () => {
  assert.ok(seen.length > 60 && seen.filter(([, outcome]) => outcome === "fail").length > 8, `${seen.length} rules`);
  const runtime = await startTypescriptRuntime({ tokens: { "q7x-alice": "alice", "q7x-bob": "bob" } });
  try {
    const chunks = ["--chunk-agent", "stream", "--chunk-input", '{"text":["one, ","two"]}'];
    const args = [
      runtime.url,
      "--token",
      "q7x-alice",
      "--token2",
      "q7x-bob",
      "--agent",
      "versioned",
      "--timeout",
      "2",
      ...chunks,
    ];
    const only = seen.map(([rule]) => rule).join(",");
    const report = await runConformance(readOptions([...args, "--only", only], {}, () => ""));
    assert.deepEqual(
      report.rules.map(({ rule, outcome, reason = "" }) =>
        `${rule} ${outcome === "fail" ? `fail` : `${outcome} ${reason}`}`.trim(),
      ),
      seen.map((one) => one.join(" ")),
    );
  } finally {
    await runtime.close();
  }
});
