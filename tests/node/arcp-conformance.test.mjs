// The conformance runner: it passes a runtime that keeps the rules, and sees each one that is broken. tests/lib/conforming-runtime
// is that runtime, and its mutations break it.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { readOptions } from "../../pkg/conformance/options.js";
import { exitCode } from "../../pkg/conformance/report/report.js";
import { runConformance } from "../../pkg/conformance/run.js";
import { root } from "../../scripts/setup/cache.mjs";
import { mutations } from "../lib/conforming-runtime/mutations.mjs";
import { startConformingRuntime } from "../lib/conforming-runtime/start.mjs";

/** Rules that no mutation breaks, and why. */
const unbroken = {
  23: "a permission: there is no wrong way",
  59: "a permission: there is no wrong way",
  A20: "takes 40 s to see; seen red against the Python SDK's runtime",
  A43: "the WebSocket library of the tests refuses such frames itself; seen red against workerd",
};

const tokens = ["--token", "tok-alice-1234", "--token2", "tok-bob-5678"];

/** A run against a runtime with a change; `args` as of the command. */
async function run(change, { args = [], ...options } = {}) {
  const runtime = await startConformingRuntime(change);
  try {
    const { target } = readOptions([runtime.url, ...tokens, "--chunk-agent", "chunks", ...args], {}, () => "");
    return await runConformance({ target, ...options });
  } finally {
    await runtime.close();
  }
}

describe("a runtime that keeps every rule", () => {
  let report;
  const outcome = (wanted) => report.rules.filter(({ outcome }) => outcome === wanted);

  before(async () => {
    report = await run();
  });

  test("fails none, and is told so", () => {
    assert.deepEqual(
      outcome("fail").map(({ rule, reason }) => `${rule}: ${reason}`),
      [],
    );
    assert.equal(exitCode(report), 0);
  });

  test("each number of the checklist is in the report, once, with what it is about", () => {
    const inTable = readFileSync(join(root, "docs/CONFORMANCE.md"), "utf8").match(/^\| \d+(?= )/gm);
    const numbers = report.rules.map(({ rule }) => rule).filter((rule) => !rule.startsWith("A"));
    assert.deepEqual(
      numbers,
      inTable.map((cell) => cell.slice(2)),
    );
    for (const { rule, section, level, by, title } of report.rules) {
      assert.match(level, /^(MUST|SHOULD|MAY)$/, rule);
      assert.match(by, /^(client|runtime|both)$/, rule);
      assert.ok(section && title, rule);
    }
  });

  test("what is not applicable has a reason, and what was tried has its frames", () => {
    for (const { rule, reason } of outcome("notApplicable")) assert.ok(reason?.length > 10, rule);
    for (const { rule, frames, notes } of outcome("pass")) {
      const isWatched = notes.some((note) => note.endsWith("frames were looked at"));
      assert.ok(isWatched || rule === "6" || frames.some(({ direction }) => direction === "received"), rule);
    }
  });

  test("no token is in it, neither one that was given nor one that the runtime made", () => {
    const text = JSON.stringify(report);
    assert.ok(!/tok-alice|tok-bob|rt_[0-9a-f]{8}/.test(text));
    assert.ok(text.includes("[redacted]"));
  });

  test("what it tried can be broken, or it is said why not", () => {
    const broken = new Set(mutations.map(([rule]) => rule));
    const judged = outcome("pass").map(({ rule }) => rule);
    assert.deepEqual(
      judged.filter((rule) => !broken.has(rule)).sort(),
      Object.keys(unbroken)
        .filter((rule) => judged.includes(rule))
        .sort(),
    );
  });
});

describe("a runtime that breaks a rule", { concurrency: 8 }, () => {
  for (const [rule, how, change, also = []] of mutations)
    test(`${rule}: ${how}`, async () => {
      const report = await run(change, { args: ["--timeout", "4"], only: [...new Set([rule, ...also])] });
      const { outcome, reason, level } = report.rules.find((one) => one.rule === rule);
      assert.equal(outcome, "fail", reason);
      assert.ok(reason && !reason.includes("the runner's own error"), reason);
      if (level === "MUST") assert.equal(exitCode(report), 1);
    });
});

describe("what a runtime quotes of a token", () => {
  const quoting = (details) => (runtime) => {
    runtime.error = (session, code, id) =>
      runtime.say(session, "session.error", { ...runtime.errorPayload(code, id), details });
  };
  const cases = {
    whole: (token) => `the token ${token} is fine`,
    cut: (token) => `{'scheme': 'bear...', 'token': '${token.slice(0, 11)}...`,
    "in its middle": (token) => `...${token.slice(3, 12)}...`,
  };
  for (const [name, say] of Object.entries(cases))
    test(`is left out: ${name}`, async () => {
      const report = await run(quoting(say("tok-alice-1234")), { only: ["A6"] });
      const text = JSON.stringify(report);
      assert.ok(text.includes("[redacted]"));
      for (let i = 0; i + 8 <= "tok-alice-1234".length; i += 1)
        assert.ok(!text.includes("tok-alice-1234".slice(i, i + 8)), text);
    });

  const escaped = [..."tok-alice-1234"].map((one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  for (const [where, behind] of [
    ["", ""],
    [", in a frame of which the beginning is shown", "x".repeat(3000)],
  ])
    test(`is left out where each of its characters is an escape${where}`, async () => {
      const report = await run(
        (runtime) => {
          runtime.error = (session, code, id) => {
            const text = JSON.stringify({ ...runtime.errorPayload(code, id), details: "TOKEN" }).replace(
              "TOKEN",
              escaped,
            );
            session.connection.socket.send(
              `{"arcp":"1.1","id":"1","type":"session.error","session_id":"${session.id}","payload":${text},"x":"${behind}"}`,
            );
            return true;
          };
        },
        { only: ["A6"] },
      );
      assert.ok(!JSON.stringify(report).includes("u0061"));
    });
});

test("a runtime that says nothing any more can't hang a run", { timeout: 60_000 }, async () => {
  const report = await run(
    (runtime) => {
      const { heard } = runtime;
      runtime.heard = (connection, ...more) => runtime.connections > 3 || heard.call(runtime, connection, ...more);
    },
    { args: ["--timeout", "1"], runMs: 8000 },
  );
  assert.equal(exitCode(report), 1);
  assert.ok(report.rules.some(({ reason }) => reason === "not tried: the run's two minutes were over"));
});

test("is a reading of its own: nothing of the gate, the client or the runtime is in it", () => {
  const folder = join(root, "npm/conformance");
  const files = readdirSync(folder, { recursive: true }).filter((file) => /(?<!\.d)\.ts$/.test(file));
  const outside = /^(node:.*|(\.\.\/)+(bin\/refused|documentation|version)\.js)$/;
  for (const file of files)
    for (const [, from] of readFileSync(join(folder, file), "utf8").matchAll(/from "([^"]+)"/g)) {
      const isInside = join("npm/conformance", file, "..", from).startsWith("npm/conformance/");
      assert.ok(isInside || outside.test(from), `${file} imports ${from}`);
    }
});
